"""Whatever a user hands in: a clear line on stderr, exit code 2, nothing half-written."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar.cli import main


def portrait() -> Image.Image:
    import skimage.data

    return Image.fromarray(skimage.data.astronaut())


def landscape(path: Path) -> None:
    """A gradient with some noise: a picture without a face."""
    rows = np.linspace(60, 200, 240, dtype=np.uint8)[:, None, None]
    noise = np.random.default_rng(0).integers(0, 20, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(np.broadcast_to(rows, (240, 320, 3)) + noise).save(path)


def truncated(path: Path) -> None:
    portrait().save(path, format="JPEG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def tiny_face(path: Path) -> None:
    canvas = Image.new("RGB", (640, 480), (120, 130, 140))
    canvas.paste(portrait().resize((56, 56)), (300, 200))
    canvas.save(path)


def bomb(path: Path) -> None:
    """A PNG whose header promises 30,000 x 30,000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b""))


BAD_PICTURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "no such file"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "not a picture": (lambda path: path.write_text("hello"), "no picture"),
    "truncated": (truncated, "cut short"),
    "one pixel": (lambda path: Image.new("RGB", (1, 1)).save(path, format="PNG"), "small"),
    "bomb": (bomb, "150 million pixels"),
    "no face": (landscape, "no face"),
    "tiny face": (tiny_face, "24"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_a_bad_picture_is_an_error_of_the_user(case: str, tmp_path: Path, capsys):
    make, expected = BAD_PICTURES[case]
    picture = tmp_path / "face.png"
    make(picture)
    output = tmp_path / "out" / "head.glb"
    output.parent.mkdir()
    code = main(["reconstruct", str(picture), "-o", str(output)])
    message = capsys.readouterr().err
    assert code == 2
    assert expected in message.lower()
    assert "face.png" in message
    assert list(output.parent.iterdir()) == []


def test_a_folder_is_not_a_picture(tmp_path: Path, capsys):
    assert main(["landmarks", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err.lower()


def test_no_photo_at_all(tmp_path: Path, capsys):
    assert main(["reconstruct", "-o", str(tmp_path / "head.glb")]) == 2
    assert "at least one photo" in capsys.readouterr().err


def test_an_unknown_output_type_is_refused_before_the_work(tmp_path: Path, capsys):
    portrait().save(tmp_path / "face.png")
    code = main(["reconstruct", str(tmp_path / "face.png"), "-o", str(tmp_path / "head.fbx")])
    assert code == 2
    assert ".glb" in capsys.readouterr().err


def test_an_output_in_a_folder_that_is_not_there(tmp_path: Path, capsys):
    portrait().save(tmp_path / "face.png")
    code = main(["reconstruct", str(tmp_path / "face.png"), "-o", str(tmp_path / "no" / "h.glb")])
    assert code == 2
    assert str(tmp_path / "no") in capsys.readouterr().err


def test_two_outputs_in_one_file_are_refused(tmp_path: Path, capsys):
    same = str(tmp_path / "x.json")
    code = main(
        [
            "reconstruct",
            "face.png",
            "-o",
            str(tmp_path / "x.glb"),
            "--report",
            same,
            "--preview",
            str(tmp_path / "x.glb.png"),
            "--texture-size",
            "7",
        ]
    )
    assert code == 2
    assert capsys.readouterr().err.startswith("avatar: ")


def test_asking_for_a_tenth_face_says_how_many_there_are(tmp_path: Path, capsys):
    portrait().save(tmp_path / "face.png")
    assert main(["landmarks", str(tmp_path / "face.png"), "--face", "9"]) == 2
    assert "got 9" in capsys.readouterr().err.lower()


def test_an_impossible_field_of_view(tmp_path: Path, capsys):
    portrait().save(tmp_path / "face.png")
    output = str(tmp_path / "h.glb")
    assert main(["reconstruct", str(tmp_path / "face.png"), "-o", output, "--fov", "200"]) == 2
    assert "fov" in capsys.readouterr().err


def test_an_unknown_head_model_names_the_known_ones(tmp_path: Path, capsys):
    portrait().save(tmp_path / "face.png")
    output = str(tmp_path / "h.glb")
    code = main(["reconstruct", str(tmp_path / "face.png"), "-o", output, "--model", "nobody"])
    assert code == 2
    assert "anny" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "RGBA", "LA"])
def test_every_colour_mode_works(mode: str, tmp_path: Path, capsys):
    path = tmp_path / ("face.jpg" if mode == "CMYK" else "face.png")
    picture = portrait()
    if mode in {"RGBA", "LA"}:
        picture = picture.convert("RGBA").convert(mode)
    else:
        picture = picture.convert(mode)
    picture.save(path)
    assert main(["landmarks", str(path), "-o", str(tmp_path / "points.json")]) == 0
    points = json.loads((tmp_path / "points.json").read_text())["landmarks"]
    assert len(points) == 478
    # The face is where it is in the original, whatever its encoding.
    nose = points[4]
    assert abs(nose["x"] - 228) < 12
    assert abs(nose["y"] - 126) < 12


def test_being_asked_to_end_leaves_nothing_behind(tmp_path, monkeypatch):
    import avatar.create.reconstruct as recipe

    def ended(*_arguments):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(recipe, "reconstruct_with_evidence", ended)
    before = signal.getsignal(signal.SIGTERM)
    photo = tmp_path / "face.jpg"
    photo.touch()
    assert main(["reconstruct", str(photo), "-o", str(tmp_path / "head.glb")]) == 130
    assert list(tmp_path.iterdir()) == [photo]
    assert signal.getsignal(signal.SIGTERM) == before
