import torch

from avatar.maps.relief import bake_relief
from avatar.maps.texels import texels_of

SIZE = 256


def relief_of(model, albedo: torch.Tensor) -> torch.Tensor:
    texels = texels_of(model.part("skin"), model.uvs, SIZE)
    return bake_relief(model, model.template, texels, albedo, torch.zeros(len(model.template)))


def test_even_skin_has_no_relief(model):
    normals = relief_of(model, torch.full((SIZE, SIZE, 3), 0.4))
    assert normals.shape == (SIZE // 2, SIZE // 2, 3)
    assert torch.allclose(normals, torch.tensor([0.5, 0.5, 1.0]).expand_as(normals), atol=1e-6)


def test_a_dark_line_is_a_groove(model):
    albedo = torch.full((SIZE, SIZE, 3), 0.4)
    albedo[100:102] = 0.25
    normals = relief_of(model, albedo)
    # Rows run down, the green of a normal map points up: above a groove it falls downwards.
    above, below = normals[49, 50:80, 1].mean(), normals[51, 50:80, 1].mean()
    assert float(above) < 0.5 < float(below)
    assert torch.allclose((normals * 2 - 1).norm(dim=-1), torch.ones(SIZE // 2, SIZE // 2))
