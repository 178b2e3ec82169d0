"""Reads a picture file of any common kind as linear RGB."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar.capture.colour import over_white, srgb_from_profile, srgb_image
from avatar.capture.exif import focal_35mm_from_exif
from avatar.capture.observation import Photo
from avatar.capture.png16 import read_png16
from avatar.core.errors import ImageError
from avatar.core.material import linear_from_srgb

MOST_PIXELS = 150_000_000
"""Pictures with more pixels are refused before they are decoded."""

MOST_DEEP_PIXELS = 60_000_000
"""The same limit for pictures with 16 bits per channel, which take twice the memory."""

WORKING_SIDE = 4096
"""The longer side to which larger pictures are reduced: well above what a 2k texture can use."""

_KINDS = "JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF"
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")
_ORIENTATION = 0x0112


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a picture as linear RGB, upright, in sRGB's primaries.

    Takes what Pillow reads, plus HEIC: 8 and 16 bits, grey, palette, CMYK, transparency (laid over
    white), EXIF rotation, embedded colour profiles; of animations, the first frame. A picture whose
    longer side exceeds `WORKING_SIDE` is reduced to it, which `Photo.scale` tells.

    Raises:
        ImageError: there is no such file, it cannot be read, is no picture, is damaged or cut
            short, has no pixels, or more than `MOST_PIXELS`.
    """
    file = Path(path)
    _check_file(file)
    with warnings.catch_warnings():
        # Pillow warns of large pictures and odd metadata; the limit that counts is our own.
        warnings.simplefilter("ignore")
        try:
            return _read(file)
        except ImageError:
            raise
        except MemoryError as error:
            raise ImageError(f"{file}: not enough memory to decode the picture") from error
        except Exception as error:  # Decoders raise whatever they like on damaged files.
            raise ImageError(
                f"{file}: the picture is damaged or cut short ({error}); copy or download it again"
            ) from error


def _check_file(file: Path) -> None:
    try:
        if file.is_dir():
            raise ImageError(f"{file}: is a folder; give a picture file")
        size = file.stat().st_size
        if not file.is_file():
            # Opening a pipe would wait forever for somebody to write to it.
            raise ImageError(f"{file}: is no regular file; save the picture to one first")
        with file.open("rb"):
            pass
    except FileNotFoundError as error:
        raise ImageError(f"{file}: no such file; check the path") from error
    except PermissionError as error:
        raise ImageError(f"{file}: no permission to read it; change its access rights") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{file}: cannot be read ({error})") from error
    if size == 0:
        raise ImageError(f"{file}: is empty (0 bytes); copy or download it again")


@dataclass(frozen=True, kw_only=True)
class _Metadata:
    """What has to be asked before decoding, because resizing or converting loses it."""

    focal_35mm: float | None
    profile: bytes | None


def _read(file: Path) -> Photo:
    image = _opened(file)
    with image:
        _check_size(file, image.width, image.height)
        metadata = _metadata(image)
        full_side = max(image.width, image.height)
        encoded = _deep_values(file, image, metadata)
        if encoded is None:
            linear = _decode_table()[_shallow_values(image, metadata)]
        else:
            linear = linear_from_srgb(torch.from_numpy(encoded)).numpy()
        # Asked only now, since Pillow turns TIFFs by itself while it decodes them.
        upright = _upright(linear, _orientation(image))
    return Photo(
        pixels=torch.from_numpy(np.ascontiguousarray(upright)),
        name=file.name,
        focal_35mm=metadata.focal_35mm,
        scale=max(upright.shape[:2]) / full_side,
    )


def _opened(file: Path) -> Image.Image:
    pillow_heif.register_heif_opener()
    try:
        return Image.open(file)
    except Image.UnidentifiedImageError as error:
        raise ImageError(
            f"{file}: is no picture, or its beginning is damaged; give a {_KINDS} picture"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large(file, MOST_PIXELS)) from error


def _check_size(file: Path, width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"{file}: the picture has no pixels ({width} x {height})")
    if width * height > MOST_PIXELS:
        raise ImageError(f"{_too_large(file, MOST_PIXELS)} (it has {width} x {height})")


def _too_large(file: Path, limit: int) -> str:
    return (
        f"{file}: the picture has more than {limit // 1_000_000} million pixels, the most that is "
        f"decoded; reduce it to {WORKING_SIDE} pixels on its longer side"
    )


def _metadata(image: Image.Image) -> _Metadata:
    try:
        focal = focal_35mm_from_exif(image.getexif(), image.width, image.height)
    except Exception:  # Damaged metadata must not cost us a sound picture.
        focal = None
    profile = image.info.get("icc_profile")
    return _Metadata(focal_35mm=focal, profile=profile or None)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # As above.
        return 1


def _shallow_values(image: Image.Image, metadata: _Metadata) -> NDArray[np.uint8]:
    """Decode 8-bit pictures: (height, width, 3) sRGB, reduced to the working size."""
    if image.format == "JPEG":
        # The decoder can skip the resolution that would be thrown away.
        image.draft(None, _working_size(image.width, image.height))
    image.load()
    if image.mode in ("1", "P", "PA"):
        image = srgb_image(image, None)
    size = _working_size(image.width, image.height)
    if size != (image.width, image.height):
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = srgb_image(image, metadata.profile)
    values = np.asarray(image)
    if image.mode == "RGBA":
        white = over_white(values.astype(np.float32) / np.float32(255))
        return (white * 255).round().astype(np.uint8)
    return values


def _working_size(width: int, height: int) -> tuple[int, int]:
    factor = min(1.0, WORKING_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _deep_values(file: Path, image: Image.Image, metadata: _Metadata) -> NDArray[np.float32] | None:
    """Decode pictures of more than 8 bits: (height, width, 3) sRGB in [0, 1]; None for others."""
    is_grey = image.mode in _DEEP_MODES
    if not is_grey and image.format != "PNG":
        return None
    if image.width * image.height > MOST_DEEP_PIXELS:
        if not is_grey:
            return None
        raise ImageError(_too_large(file, MOST_DEEP_PIXELS))
    values = _unit_grey(np.asarray(image)) if is_grey else read_png16(file)
    if values is None:
        return None
    values = _reduced(values)
    if values.shape[2] in (2, 4):
        values = over_white(values)
    if values.shape[2] == 1:
        return np.repeat(values, 3, axis=2)
    return srgb_from_profile(values, metadata.profile)


def _unit_grey(values: NDArray[Any]) -> NDArray[Any]:
    """Scale 32-bit grey to the range of 16 bits; floats are taken to lie in [0, 1]."""
    if values.dtype == np.uint16:
        return values[..., None]
    full = 1.0 if values.dtype.kind == "f" else max(65535.0, float(values.max()))
    return (np.clip(values / full, 0, 1) * 65535).round().astype(np.uint16)[..., None]


def _reduced(values: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return 16-bit values in [0, 1], averaged over blocks where the picture is too large."""
    factor = -(-max(values.shape[:2]) // WORKING_SIDE)
    if factor == 1:
        return values.astype(np.float32) / np.float32(65535)
    height, width = (length // factor for length in values.shape[:2])
    out = np.empty((height, width, values.shape[2]), np.float32)
    for row in range(height):
        strip = values[row * factor : (row + 1) * factor, : width * factor].astype(np.float32)
        out[row] = strip.reshape(factor, width, factor, -1).mean((0, 2)) / 65535
    return out


def _decode_table() -> NDArray[np.float32]:
    return linear_from_srgb(torch.arange(256, dtype=torch.float32) / 255).numpy()


def _upright(values: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Undo the eight orientations EXIF knows: even ones are mirrored."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
