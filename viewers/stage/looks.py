"""Ways to look at a head: as it is, or one of its properties alone."""

from typing import Literal

Look = Literal["splats", "shaded", "clay", "albedo", "normals", "wireframe", "uv"]

LOOKS: dict[Look, str] = {
    "splats": "Splats",
    "shaded": "Shaded",
    "clay": "Clay",
    "albedo": "Albedo",
    "normals": "Normals",
    "wireframe": "Wire",
    "uv": "UV",
}
"""What they are called where one chooses."""
