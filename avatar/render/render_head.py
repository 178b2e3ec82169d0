"""Stills of a head: anti-aliased, textured, lit."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.render.in_pieces import in_pieces
from avatar.render.options import RenderOptions
from avatar.render.paint import Painter
from avatar.render.scene import Scene, prepare_scene

BAND_PIXELS = 1 << 19
"""Pixels a thread renders at once; bounds the memory of large pictures."""


@torch.no_grad()
def render_head(
    head: Avatar | Scene, camera: Camera, options: RenderOptions | None = None
) -> Float[Tensor, "height width 4"]:
    """Return a picture of a head: linear RGBA, premultiplied by its coverage.

    Each pixel is covered by several samples; those on one smooth piece of surface are shaded
    once, outlines and fine layers (lashes, corneas) sample by sample. For several pictures of one
    head pass `prepare_scene(avatar)`, and `scene.moved(vertices)` for its expressions; a mesh
    alone becomes a scene by `prepare_scene(mesh)`.
    """
    scene = head if isinstance(head, Scene) else prepare_scene(head)
    painter = Painter.set_up(scene, camera, options or RenderOptions())
    edges = _band_edges(camera)
    return torch.cat(in_pieces(lambda band: painter.paint(*band), list(pairwise(edges))))


def _band_edges(camera: Camera) -> list[int]:
    """Cut a picture into bands of rows: one per thread, more where memory asks for it."""
    least = -(-camera.width * camera.height // BAND_PIXELS)
    threads = torch.get_num_threads()
    bands = min(-(-least // threads) * threads, camera.height)
    return [camera.height * band // bands for band in range(bands + 1)]
