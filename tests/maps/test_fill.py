import torch

from avatar.maps.fill import mirror_texels, vertex_averages
from avatar.maps.texels import texels_of


def test_texels_show_the_points_their_uvs_say(model):
    part = model.part("skin")
    texels = texels_of(part, model.uvs, 256)
    assert 0.4 < len(texels.index) / 256**2 < 1
    points = texels.interpolate(model.template)
    assert (points.amin(0) >= model.template.amin(0) - 1e-6).all()
    image = texels.image(points)
    torch.testing.assert_close(image.reshape(-1, 3)[texels.index], points)


def test_the_mirror_of_a_texel_shows_the_other_side(model):
    texels = texels_of(model.part("skin"), model.uvs, 256)
    points = texels.interpolate(model.template)
    wanted = points[:, 0] > 0.01
    source = mirror_texels(texels, model.template, wanted)
    mirrored = points[source] * torch.tensor([-1.0, 1.0, 1.0])
    distance = (mirrored - points[wanted]).norm(dim=-1)
    assert float(distance.quantile(0.99)) < 0.003


def test_averaging_texels_into_vertices_gives_their_colour_back(model):
    texels = texels_of(model.part("skin"), model.uvs, 512)
    field = model.template * 5
    averages, weight = vertex_averages(
        texels, texels.interpolate(field), torch.ones(len(texels.index))
    )
    sure = weight > 2
    assert int(sure.sum()) > 5000
    assert float((averages[sure] - field[: len(sure)][sure]).abs().quantile(0.99)) < 0.02
