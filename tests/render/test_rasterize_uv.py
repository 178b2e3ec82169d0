import torch

from avatar.render.rasterize_uv import dilate, rasterize_uv


def test_texel_centres_inside_a_chart_belong_to_it() -> None:
    uvs = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    faces = torch.tensor([[0, 1, 2], [0, 3, 2]])  # one of either winding
    covered = rasterize_uv(uvs, faces, 8).covered
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:6, 2:6] = True
    torch.testing.assert_close(covered, expected)


def test_texels_interpolate_their_own_uv() -> None:
    uvs = torch.tensor([[0.1, 0.0], [0.9, 0.2], [0.5, 1.0]])
    faces = torch.tensor([[0, 1, 2]])
    fragments = rasterize_uv(uvs, faces, 32)
    row, column = fragments.covered.nonzero().unbind(-1)
    found = fragments.barycentrics[row, column] @ uvs
    centre = (torch.stack([column, row], -1) + 0.5) / 32
    torch.testing.assert_close(found, centre, atol=1e-3, rtol=0)


def test_dilation_keeps_covered_texels_and_leaves_no_background() -> None:
    texture = torch.zeros(13, 17, 3)
    texture[4:7, 5:9] = torch.tensor([0.2, 0.5, 0.8])
    covered = (texture.sum(-1) > 0).reshape(-1).nonzero()[:, 0]
    filled = dilate(texture, covered)
    torch.testing.assert_close(filled, torch.tensor([0.2, 0.5, 0.8]).expand(13, 17, 3))


def test_dilation_continues_the_nearest_chart() -> None:
    texture = torch.zeros(32, 32, 1)
    texture[:, :8] = 0.1
    texture[:, 24:] = 0.9
    index = (texture[..., 0] > 0).reshape(-1).nonzero()[:, 0]
    filled = dilate(texture, index)
    assert (filled[:, 8] < 0.3).all()
    assert (filled[:, 23] > 0.7).all()
    assert filled.min() >= 0.1 - 1e-6
    assert filled.max() <= 0.9 + 1e-6


def test_dilating_an_empty_texture_changes_nothing() -> None:
    texture = torch.zeros(4, 4, 3)
    torch.testing.assert_close(dilate(texture, torch.zeros(0, dtype=torch.long)), texture)
