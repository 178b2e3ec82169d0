"""The preview sheet of a reconstruction: the photos, the fit over them, and the head alone."""

from PIL import Image

from avatar.create.reconstruct import Reconstruction
from avatar.render.light import environment_light, of_one_hue
from avatar.render.preview_sheet import PhotoView, preview_sheet


def preview_image(result: Reconstruction) -> Image.Image:
    """Return the sheet to judge a reconstruction by."""
    avatar = result.avatar
    views = tuple(
        PhotoView(
            pixels=observation.photo.pixels,
            camera=photo.camera,
            # The look coefficients turn the eyes; the joints would turn them once more.
            vertices=avatar.pose(photo.expression),
            light=environment_light(of_one_hue(photo.light, photo.camera)),
        )
        for photo, observation in zip(result.fit.photos, result.observations, strict=True)
    )
    return Image.fromarray(preview_sheet(avatar, views).numpy())
