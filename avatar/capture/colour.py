"""Brings pictures of any colour space to sRGB."""

import io
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms
from torch.nn import functional

_LATTICE = 33


def srgb_image(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a Pillow image as 8-bit sRGB, mode RGB, or RGBA where it has transparency.

    An embedded ICC profile is honoured; one that is damaged, or for other channels than the
    picture's, is ignored, as every viewer does.
    """
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if _is_transparent(image) else "RGB")
    elif image.mode == "LA" or (image.mode in ("1", "L", "RGB") and "transparency" in image.info):
        image = image.convert("RGBA")
    elif image.mode == "La":
        image = image.convert("LA").convert("RGBA")
    transform = _to_srgb(profile, image.mode)
    if transform is not None:
        return _applied(transform, image)
    return image if image.mode == "RGBA" else image.convert("RGB")


def srgb_from_profile(values: NDArray[np.float32], profile: bytes | None) -> NDArray[np.float32]:
    """Return (height, width, 3) values in [0, 1] as sRGB, without rounding them to 8 bits.

    The profile is sampled on a lattice and interpolated, since Pillow converts 8-bit pictures only.
    """
    transform = _to_srgb(profile, "RGB")
    if transform is None:
        return values
    steps = np.linspace(0, 255, _LATTICE).round().astype(np.uint8)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    lattice = np.stack([red, green, blue], -1).reshape(_LATTICE, -1, 3)
    mapped = np.asarray(_applied(transform, Image.fromarray(lattice))).astype(np.float32) / 255
    volume = torch.from_numpy(mapped.reshape(1, _LATTICE, _LATTICE, _LATTICE, 3))
    # Lattice steps are whole 8-bit numbers, so that they are only nearly even.
    even = np.interp(values, steps / 255, np.linspace(-1, 1, _LATTICE)).astype(np.float32)
    out = functional.grid_sample(
        volume.permute(0, 4, 1, 2, 3), torch.from_numpy(even)[None, None], align_corners=True
    )
    return out[0, :, 0].permute(1, 2, 0).numpy()


def over_white(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sRGB values whose last channel is alpha laid over white, as viewers show them."""
    alpha = values[..., -1:]
    return values[..., :-1] * alpha + (1 - alpha)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode == "PA" or "transparency" in image.info


def _to_srgb(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB, None where there is nothing to convert."""
    colours = {"RGBA": "RGB", "RGB": "RGB", "CMYK": "CMYK", "L": "GRAY", "LAB": "LAB"}.get(mode)
    if mode == "LAB":
        source = ImageCms.createProfile("LAB")
    elif not profile or colours is None:
        return None
    else:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        except (ImageCms.PyCMSError, OSError, ValueError):
            return None
        if cast("Any", source.profile).xcolor_space.strip() != colours:
            return None
    working, target = ("RGB", "RGB") if mode == "RGBA" else (mode, "RGB")
    try:
        return ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            working,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, ValueError):
        return None


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return transform.apply(image)
    red, green, blue, alpha = image.split()
    colours = transform.apply(Image.merge("RGB", (red, green, blue)))
    return Image.merge("RGBA", (*colours.split(), alpha))
