"""`avatar train` and `avatar render`: a take becomes an avatar, an avatar a film and files."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from avatar.cli import main
from avatar.core.avatar import Avatar
from avatar.gaussian.take_file import save_take
from tests.gaussian.scene import made_up_take
from tests.video_files import moving_picture, write_video

av = pytest.importorskip("av")

QUICK = ["--splats", "600", "--size", "64", "--steps", "60", "--codes", "3"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    save_take(made_up_take(), folder / "person.take")
    output = folder / "person.avatar"
    assert main(["train", str(folder / "person.take"), "-o", str(output), *QUICK]) == 0
    return output


def test_take_becomes_an_avatar_and_nothing_else_is_left(trained):
    head = Avatar.load(trained)
    assert head.splats is not None
    assert len(head.splats) > 100
    assert head.report["training"]["steps"] == 60
    assert sorted(p.name for p in trained.parent.iterdir()) == ["person.avatar", "person.take"]


def test_avatar_is_rendered_to_every_kind_of_file(trained, tmp_path):
    names = ("film.mp4", "frame.png", "frame.ply", "frame.spz", "frame.glb")
    outputs = [str(tmp_path / name) for name in names]
    film = ["--size", "64", "--fps", "10", "--camera", "sway"]
    assert main(["render", str(trained), *film, "-o", *outputs]) == 0
    for output in outputs:
        assert (tmp_path / output).stat().st_size > 300
    with av.open(outputs[0]) as container:
        (stream,) = container.streams.video
        assert (stream.width, stream.height) == (64, 64)
        assert sum(1 for _ in container.decode(stream)) == 21
    with Image.open(outputs[1]) as picture:
        pixels = np.asarray(picture)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert (pixels[32, 32] < 250).any()


def test_hidden_layers_are_not_drawn(trained, tmp_path):
    pictures = []
    for number, hidden in enumerate(([], ["--hide", "face", "hair", "eyes"])):
        path = tmp_path / f"{number}.png"
        assert main(["render", str(trained), "--size", "64", *hidden, "-o", str(path)]) == 0
        with Image.open(path) as picture:
            pictures.append(np.asarray(picture).astype(int))
    assert (pictures[0] < 240).any()
    assert (pictures[1] > 250).all()


def test_light_is_chosen(trained, tmp_path):
    panorama = tmp_path / "window.hdr"
    rgbe = np.full((8, 4, 4), 120, np.uint8)
    rgbe[2:4, 0] = (255, 200, 160, 132)
    panorama.write_bytes(b"#?RADIANCE\n\n-Y 8 +X 4\n" + rgbe.tobytes())
    arguments = (
        [],
        ["--light", "studio"],
        ["--hdr", str(panorama)],
        ["--hdr", str(panorama), "--light-rotation", "120"],
        ["--light", "dark", "--lamp", "-60", "20", "1"],
        ["--light-stops", "-2"],
    )
    pictures = []
    for number, light in enumerate(arguments):
        path = tmp_path / f"{number}.png"
        assert main(["render", str(trained), "--size", "64", *light, "-o", str(path)]) == 0
        with Image.open(path) as picture:
            pictures.append(np.asarray(picture).astype(int))
    for first, picture in enumerate(pictures):
        for other in pictures[:first]:
            assert np.abs(picture - other).max() > 20
    assert pictures[-1].mean() < pictures[0].mean()
    spun = tmp_path / "spun.mp4"
    film = ["--size", "64", "--fps", "10", "--light", "studio", "--light-spin", "1"]
    assert main(["render", str(trained), *film, "-o", str(spun)]) == 0
    assert spun.stat().st_size > 300


def test_what_cannot_be_rendered_is_told(trained, tmp_path, capsys):
    for arguments, message in (
        (["--hide", "hat"], "hide: expected some of face"),
        (["--clip", "none.csv"], "none.csv"),
        (["--time", "9"], "time: expected 0 to 2.00 s"),
        (["--hdr", "none.hdr"], "none.hdr: cannot be read"),
        (["--hdr", "none.exr"], "expected a Radiance panorama"),
        (["--light", "dark"], "dark shows nothing"),
    ):
        path = tmp_path / "a.png"
        assert main(["render", str(trained), *arguments, "-o", str(path)]) == 2
        assert message in capsys.readouterr().err
        assert not path.exists()


def test_videos_that_teach_nothing_are_refused(tmp_path, capsys):
    photo = data.astronaut()[:336, 64:400]
    face, grey = moving_picture(photo, 12, step=1), np.full((304, 304, 3), 128, np.uint8)
    grey = np.full_like(face[0], 128)
    write_video(tmp_path / "short.mp4", face)
    write_video(tmp_path / "gone.mp4", [*face, *[grey] * 20])
    for name, message in (("short", "at least 1 s to learn from"), ("gone", "of the frames")):
        source, output = tmp_path / f"{name}.mp4", tmp_path / "a.avatar"
        assert main(["train", str(source), "-o", str(output)]) == 2
        assert message in capsys.readouterr().err
        assert not output.exists()
    assert main(["train", str(tmp_path / "none.mp4"), "-o", str(tmp_path / "a.avatar")]) == 2
    assert "no such file" in capsys.readouterr().err
