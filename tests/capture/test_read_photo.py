"""Every kind of picture a user may hand in is read, or refused with a way out."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from avatar.capture.read_photo import MOST_PIXELS, WORKING_SIDE, read_photo
from avatar.core.errors import ImageError
from avatar.core.material import srgb_from_linear

HEIGHT, WIDTH = 40, 60


def gradient() -> np.ndarray:
    """A smooth picture, each of whose corners has another colour."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT]], [[WIDTH]]]
    return (np.stack([rows, columns, 0.5 + 0 * rows], -1) * 200 + 20).astype(np.uint8)


def read_srgb(path: Path) -> np.ndarray:
    return srgb_from_linear(read_photo(path).pixels).numpy() * 255


def save(path: Path, image: Image.Image, **options) -> Path:
    image.save(path, **options)
    return path


LOSSY = {"jpg": 6, "webp": 14, "avif": 14, "heic": 14}


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "jpg", "webp", "avif", "heic"])
def test_common_formats_give_their_colours(tmp_path: Path, kind: str):
    pillow_heif.register_heif_opener()
    path = save(tmp_path / f"face.{kind}", Image.fromarray(gradient()), quality=95)
    assert np.abs(read_srgb(path) - gradient()).max() <= LOSSY.get(kind, 0.01)


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_is_read_as_three_channels(tmp_path: Path, mode: str):
    grey = Image.fromarray(gradient()[..., 0])
    if mode in ("I;16", "I", "F"):
        deep = np.asarray(grey).astype(np.uint16) * 257
        values = {"I;16": deep, "I": deep.astype(np.int32), "F": (deep / 65535).astype(np.float32)}
        image, expected = Image.fromarray(values[mode]), np.asarray(grey.convert("RGB"))
    else:
        image = Image.fromarray(gradient()).convert(mode)
        expected = np.asarray(image.convert("RGB"))
    path = save(tmp_path / ("face.png" if mode not in ("CMYK", "I", "F") else "face.tiff"), image)
    assert np.abs(read_srgb(path) - expected).max() < 0.51


def test_transparency_is_laid_over_white(tmp_path: Path):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (200, 100, 50, 255)
    pixels[2:, :, 3] = 0
    out = read_srgb(save(tmp_path / "cut.png", Image.fromarray(pixels)))
    assert out[0, 0] == pytest.approx([200, 100, 50], abs=0.1)
    assert out[3, 3] == pytest.approx([255, 255, 255], abs=0.1)


def test_a_palette_with_a_transparent_colour_is_laid_over_white(tmp_path: Path):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    out = read_srgb(save(tmp_path / "cut.png", image, transparency=1))
    assert out[0] == pytest.approx(np.array([[10, 20, 30], [255, 255, 255]]), abs=0.1)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def write_png(path: Path, values: np.ndarray, colour: int, profile: bytes | None = None) -> Path:
    """Write a 16-bit PNG, whose rows are all filtered by "Sub" so that decoding is not trivial."""
    height, width, channels = values.shape
    raw = values.astype(">u2").tobytes()
    step, length = 2 * channels, 2 * channels * width
    rows: list[bytes] = []
    for row in range(height):
        line = np.frombuffer(raw[row * length : (row + 1) * length], np.uint8)
        before = np.concatenate([np.zeros(step, np.uint8), line[:-step]])
        rows.append(b"\x01" + (line - before).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    if profile:
        data += png_chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))
    compressed = zlib.compress(b"".join(rows))
    half = len(compressed) // 2
    data += png_chunk(b"IDAT", compressed[:half]) + png_chunk(b"IDAT", compressed[half:])
    path.write_bytes(data + png_chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (6, 4), (4, 2)])
def test_sixteen_bits_are_not_cut_to_eight(tmp_path: Path, colour: int, channels: int):
    values = np.full((3, 300, channels), 65535, np.uint16)
    values[..., 0] = 20_000 + np.arange(300)
    pixels = read_photo(write_png(tmp_path / "deep.png", values, colour)).pixels
    assert len(pixels[0, :, 0].unique()) == 300
    assert srgb_from_linear(pixels)[0, 0, 0] * 65535 == pytest.approx(20_000, abs=1)


def display_p3() -> bytes:
    """A matrix profile with P3's primaries (chromatically adapted to D50) and sRGB's curve."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"para\0\0\0\0\0\x03\0\0" + b"".join(
        struct.pack(">i", round(v * 65536))
        for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    tags = {
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"wtpt": xyz(0.96420, 1.0, 0.82491),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + b"\0" * 79,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += padded
    header = struct.pack(
        ">I4sI4s4s4s", 132 + len(table) - 4 + len(body), b"", 0x02400000, b"mntr", b"RGB ", b"XYZ "
    )
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">iii", 63190, 65536, 54061)
    return header + b"\0" * (128 - len(header)) + table + body


def test_display_p3_becomes_srgb(tmp_path: Path):
    """Neutral colours stay; a P3 colour moves away from grey, since sRGB's primaries are nearer."""
    pixels = np.full((8, 8, 3), 128, np.uint8)
    pixels[:, 4:] = (160, 100, 90)
    path = save(tmp_path / "p3.png", Image.fromarray(pixels), icc_profile=display_p3())
    out = read_srgb(path)
    assert out[0, 0] == pytest.approx([128, 128, 128], abs=1.1)
    # From the two primaries' matrices: linear sRGB = M^-1 M_p3 linear P3.
    assert out[0, 6] == pytest.approx([170.0, 96.4, 87.0], abs=1.6)


def test_a_profile_converts_sixteen_bits_without_rounding_them(tmp_path: Path):
    values = np.full((2, 256, 3), 30_000, np.uint16)
    values[..., 0] = 40_000 + 8 * np.arange(256)
    deep = read_photo(write_png(tmp_path / "p3.png", values, 2, display_p3())).pixels
    assert len(deep[0, :, 0].unique()) == 256
    shallow = Image.fromarray((values[:, :1] / 257).round().astype(np.uint8))
    expected = read_srgb(save(tmp_path / "p3_8.png", shallow, icc_profile=display_p3()))
    assert srgb_from_linear(deep)[0, 0].numpy() * 255 == pytest.approx(expected[0, 0], abs=1.5)


def test_a_damaged_profile_is_ignored(tmp_path: Path):
    path = save(tmp_path / "a.png", Image.fromarray(gradient()), icc_profile=b"nonsense" * 20)
    assert np.abs(read_srgb(path) - gradient()).max() < 0.01


def test_a_profile_for_other_channels_is_ignored(tmp_path: Path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    path = save(tmp_path / "a.png", Image.fromarray(gradient()), icc_profile=profile)
    assert np.abs(read_srgb(path) - gradient()).max() < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tiff"])
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int, kind: str):
    """Compared with Pillow's own reading of the tag, on a picture without symmetry."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a.{kind}", Image.fromarray(gradient()), exif=exif)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert np.abs(read_srgb(path) - expected).max() < 2


def test_sixteen_bit_pictures_are_turned_too(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.fromarray(gradient()[..., 1].astype(np.uint16) * 257)
    photo = read_photo(save(tmp_path / "a.png", grey, exif=exif))
    assert (photo.height, photo.width) == (WIDTH, HEIGHT)


def test_an_animation_gives_its_first_frame(tmp_path: Path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert read_srgb(path)[0, 0] == pytest.approx([255, 0, 0], abs=0.1)


def test_a_very_large_picture_is_reduced_and_says_so(tmp_path: Path):
    path = save(tmp_path / "a.png", Image.new("L", (3 * WORKING_SIDE, 30), 128))
    photo = read_photo(path)
    assert (photo.width, photo.height) == (WORKING_SIDE, 10)
    assert photo.scale == pytest.approx(1 / 3)
    assert srgb_from_linear(photo.pixels).mean() * 255 == pytest.approx(128, abs=0.5)


def test_a_large_sixteen_bit_picture_is_averaged(tmp_path: Path):
    values = np.full((4, 2 * WORKING_SIDE), 1000, np.uint16)
    values[:, ::2] = 3000
    photo = read_photo(save(tmp_path / "a.png", Image.fromarray(values)))
    assert (photo.width, photo.height, photo.scale) == (WORKING_SIDE, 2, 0.5)
    assert srgb_from_linear(photo.pixels).mean() * 65535 == pytest.approx(2000, abs=1)


def test_a_rotated_large_picture_keeps_its_scale(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "a.jpg", Image.new("RGB", (2 * WORKING_SIDE, 64)), exif=exif)
    photo = read_photo(path)
    assert (photo.width, photo.height, photo.scale) == (32, WORKING_SIDE, 0.5)


def test_a_one_pixel_picture_is_a_picture(tmp_path: Path):
    photo = read_photo(save(tmp_path / "a.png", Image.new("RGB", (1, 1), "white")))
    assert photo.pixels.tolist() == [[[1.0, 1.0, 1.0]]]


def headed_png(path: Path, width: int, height: int) -> Path:
    """A PNG whose header promises a size, with hardly any data behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data + png_chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (16_000, 10_000)])
def test_a_decompression_bomb_is_refused_before_decoding(tmp_path: Path, width: int, height: int):
    path = headed_png(tmp_path / "bomb.png", width, height)
    with pytest.raises(ImageError, match=f"more than {MOST_PIXELS // 10**6} million.*reduce it"):
        read_photo(path)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(tmp_path: Path, width: int, height: int):
    with pytest.raises(ImageError, match=r"a\.png"):
        read_photo(headed_png(tmp_path / "a.png", width, height))


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "avif", "heic", "tiff", "gif", "bmp"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path: Path, kind: str, kept: float):
    pillow_heif.register_heif_opener()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{kind}", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ImageError, match=r"cut short|damaged"):
        read_photo(path)


def test_a_truncated_sixteen_bit_png_is_refused(tmp_path: Path):
    values = np.random.default_rng(0).integers(0, 65535, (32, 32, 3)).astype(np.uint16)
    path = write_png(tmp_path / "a.png", values, 2)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageError, match=r"cut short|damaged"):
        read_photo(path)


def test_missing_files_folders_and_non_pictures_are_told_apart(tmp_path: Path):
    with pytest.raises(ImageError, match="no such file"):
        read_photo(tmp_path / "none.png")
    with pytest.raises(ImageError, match="is a folder"):
        read_photo(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match="is empty"):
        read_photo(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("not a picture at all")
    with pytest.raises(ImageError, match="is no picture"):
        read_photo(tmp_path / "text.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="no regular file"):
        read_photo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="cannot be read"):
        read_photo("nul\0byte.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path):
    path = save(tmp_path / "a.png", Image.new("RGB", (8, 8)))
    path.chmod(0)
    with pytest.raises(ImageError, match="no permission"):
        read_photo(path)


def test_random_damage_is_an_image_error_or_a_picture(tmp_path: Path):
    """Whatever bytes are flipped, no other exception escapes."""
    buffer = io.BytesIO()
    Image.fromarray(gradient()).save(buffer, format="JPEG")
    rng = np.random.default_rng(1)
    path = tmp_path / "a.jpg"
    refused = 0
    for _ in range(60):
        data = np.frombuffer(buffer.getvalue(), np.uint8).copy()
        data[rng.integers(2, len(data), 12)] = rng.integers(0, 256, 12)
        path.write_bytes(data.tobytes())
        try:
            read_photo(path)
        except ImageError:
            refused += 1
    assert refused > 10
