"""Landmarks as data and as a drawing."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from avatar.capture.observation import Observation
from avatar.core.material import srgb_from_linear


def landmarks_report(observation: Observation) -> dict[str, Any]:
    """Return the landmarks as JSON-serialisable data; positions in pixels.

    (0, 0) is the centre of the top-left pixel; depths are relative, negative towards the camera.
    """
    rows = zip(
        observation.landmarks.tolist(),
        observation.landmark_depths.tolist(),
        observation.confidences.tolist(),
        strict=True,
    )
    return {
        "schema": 1,
        "photo": observation.photo.name,
        "size": [observation.photo.width, observation.photo.height],
        "box": observation.box.tolist(),
        "score": observation.score,
        "landmarks": [
            {"x": round(x, 3), "y": round(y, 3), "z": round(z, 3), "confidence": round(c, 4)}
            for (x, y), z, c in rows
        ],
    }


def draw_landmarks(observation: Observation) -> Image.Image:
    """Return the photo with its landmarks; irises in a second colour, unsure points fainter."""
    pixels = srgb_from_linear(observation.photo.pixels)
    picture = Image.fromarray((pixels * 255).round().numpy().astype(np.uint8))
    draw = ImageDraw.Draw(picture, "RGBA")
    radius = max(0.6, float(observation.inter_iris_distance) / 90)
    for index, (x, y) in enumerate(observation.landmarks.tolist()):
        color = (255, 190, 60) if index >= 468 else (80, 255, 160)
        alpha = round(80 + 175 * float(observation.confidences[index]))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*color, alpha))
    return picture
