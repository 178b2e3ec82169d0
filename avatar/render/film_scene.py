"""A talking head prepared for many frames: what is slow and changes little is found only once.

Following light to every vertex costs more than painting a small frame. While a head talks, only
the mouth's opening changes how much light its inside gets, so light is followed for a few openings
of the jaw and blended for those between.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.mesh import vertex_normals
from avatar.render.light import Light
from avatar.render.openness import lamp_share
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tangents import tangents

JAWS = (0.0, 0.12, 0.3, 0.6)
"""Openings of the jaw for which light is followed."""

_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]


@dataclass(frozen=True, kw_only=True)
class FilmScene:
    """A head and, for each of some jaw openings, the light that reaches its vertices."""

    avatar: Avatar
    scene: Scene
    openness: Float[Tensor, "jaws verts"]
    lamp_shares: Float[Tensor, "jaws lamps verts"]

    def frame(
        self,
        weights: Float[Tensor, "52"],
        rotations: Float[Tensor, "joints 3 3"] | None = None,
        offsets: Float[Tensor, "verts 3"] | None = None,
    ) -> Scene:
        """Return the scene of one frame; `offsets` (metres) move its vertices where they end up."""
        vertices = self.avatar.pose(weights, rotations)
        if offsets is not None:
            vertices = vertices + offsets
        scene = self.scene
        groups = (scene.opaque, *scene.layers)
        faces = torch.cat([group.faces for group in groups])
        uv_faces = torch.cat([group.uv_faces for group in groups])
        bumpy = scene.tangents is not None
        low, share = between_jaws(weights)
        return replace(
            scene,
            vertices=vertices,
            normals=vertex_normals(vertices, faces),
            tangents=tangents(vertices, faces, scene.uvs, uv_faces) if bumpy else None,
            openness=torch.lerp(self.openness[low], self.openness[low + 1], share),
            lamp_shares=torch.lerp(self.lamp_shares[low], self.lamp_shares[low + 1], share),
        )


def between_jaws(weights: Float[Tensor, "52"]) -> tuple[int, float]:
    """Return which of `JAWS` the mouth is beyond, and how far on the way to the next one."""
    jaw = min(max(float(weights[_JAW] - weights[_CLOSE]), JAWS[0]), JAWS[-1])
    low = max(place for place, at in enumerate(JAWS[:-1]) if at <= jaw)
    return low, (jaw - JAWS[low]) / (JAWS[low + 1] - JAWS[low])


def jaw_weights(jaw: float, like: Tensor) -> Float[Tensor, "52"]:
    """Return the coefficients of a face whose jaw alone is open."""
    weights = like.new_zeros(52)
    weights[_JAW] = jaw
    return weights


@torch.no_grad()
def prepare_film_scene(avatar: Avatar, light: Light) -> FilmScene:
    """Return what frames of this head under this light share."""
    scene = prepare_scene(avatar)
    open_sky: list[Tensor] = []
    shadows: list[Tensor] = []
    for jaw in JAWS:
        moved = scene.moved(avatar.pose(jaw_weights(jaw, avatar.mesh.vertices)))
        open_sky.append(moved.openness)
        shadows.append(_shares(moved, light))
    return FilmScene(
        avatar=avatar,
        scene=scene,
        openness=torch.stack(open_sky),
        lamp_shares=torch.stack(shadows),
    )


def _shares(scene: Scene, light: Light) -> Float[Tensor, "lamps verts"]:
    shares = scene.vertices.new_ones(len(light.lamps), len(scene.vertices))
    for number, lamp in enumerate(light.lamps):
        if lamp.shadow:
            shares[number] = lamp_share(scene.vertices, scene.normals, scene.opaque.faces, lamp)
    return shares
