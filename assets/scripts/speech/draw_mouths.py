"""Draw the mouth of the default head in the shape of every viseme, for `avatar/speech/README.md`.

    python assets/scripts/speech/draw_mouths.py

Writes `assets/readme/mouths.jpg`; its checksum in `assets/manifest.toml` is to be renewed.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from avatar.create.default_head import default_head
from avatar.render.film_scene import prepare_film_scene
from avatar.render.frame_head import frame_head
from avatar.render.light import studio_light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.tone import backdrop, composite, to_bytes
from avatar.speech.lip_gauge import measure_lips
from avatar.speech.mouth_shapes import shape_table
from avatar.speech.occlude import occlude
from avatar.speech.visemes import VISEMES, Segment

OUTPUT = Path(__file__).parents[2] / "readme" / "mouths.jpg"
SAID = {
    "silence": "silence",
    "closed": "p b m",
    "teeth_on_lip": "f v",
    "tongue_between_teeth": "th",
    "tongue_tip": "t d n l",
    "tongue_back": "k g ng h",
    "hiss": "s z",
    "hush": "sh zh ch j",
    "r": "r",
    "oo": "w, oo",
    "o": "o (law)",
    "ah": "a (father, cat)",
    "eh": "e (bed, cup)",
    "ee": "ee, y",
}
FRAME = (300, 640)
MOUTH = (45, 400, 255, 590)
COLUMNS = 7
CAPTION = 22


def mouths() -> list[Image.Image]:
    """Return a picture of the mouth in each viseme's shape, with what it must do done."""
    head = default_head()
    camera = frame_head(head.mesh, size=FRAME, zoom=1.35)
    light = studio_light(camera)
    scene = prepare_film_scene(head, light)
    options = RenderOptions(samples=4, light=light)
    gauge = measure_lips(head)
    pictures = []
    for shape, viseme in zip(torch.from_numpy(shape_table().copy()), VISEMES, strict=True):
        held = [Segment(viseme=viseme, start=0.0, end=1.0)]
        weights = occlude(shape[None].clone(), held, np.array([0.4]), gauge)[0]
        with torch.no_grad():
            seen = render_head(scene.frame(weights), camera, options)
            pixels = to_bytes(composite(seen, backdrop(FRAME[1], FRAME[0])))
        pictures.append(Image.fromarray(pixels.numpy()).crop(MOUTH))
    return pictures


def main() -> None:
    """Draw them side by side, each under what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    pictures = mouths()
    width, height = pictures[0].width, pictures[0].height + CAPTION
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), (250, 250, 250))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for place, (picture, viseme) in enumerate(zip(pictures, VISEMES, strict=True)):
        left, top = place % COLUMNS * width, place // COLUMNS * height
        sheet.paste(picture, (left, top + CAPTION))
        pen.text((left + 6, top + 2), SAID[viseme], fill=(20, 20, 20), font=font)
    sheet.save(arguments.output, quality=88)


if __name__ == "__main__":
    main()
