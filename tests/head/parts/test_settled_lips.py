import math

import pytest
import torch

from avatar.head.anatomy import settled
from avatar.ops.rasterize_mesh import rasterize_mesh

RESOLUTION = 4000.0  # pixels per metre
SIZE = 320


def visible_mouth_pixels(head, vertices, yaw):
    """Look at the mouth along a horizontal direction; count pixels that see teeth or tongue."""
    middle = vertices[head.region("lips")].mean(0)
    sine, cosine = math.sin(yaw), math.cos(yaw)
    offsets = vertices - middle
    across = offsets @ vertices.new_tensor([cosine, 0.0, -sine])
    towards = offsets @ vertices.new_tensor([sine, 0.0, cosine])
    pixels = torch.stack([across, -offsets[:, 1]], -1) * RESOLUTION + SIZE / 2
    inside = [head.part(name).faces for name in ("teeth_upper", "teeth_lower", "tongue")]
    skin = head.part("skin").faces
    seen = rasterize_mesh(pixels, 0.5 - towards, torch.cat([skin, *inside]), SIZE, SIZE).triangles
    return int((seen >= len(skin)).sum())


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3, 4])
def test_closed_lips_hide_teeth_and_tongue_from_front_and_sides(head, seed):
    vertices = head.template
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        vertices = head.vertices(torch.randn(head.identity_size, generator=generator))
    vertices = settled(head, vertices)
    for yaw in (-math.pi / 4, 0.0, math.pi / 4):
        assert visible_mouth_pixels(head, vertices, yaw) == 0


def test_settling_moves_little_and_settled_heads_hardly_at_all(head):
    once = settled(head, head.template)
    assert (once - head.template).norm(dim=-1).max() < 0.002
    twice = settled(head, once)
    assert (twice - once).norm(dim=-1).max() < 0.0006
