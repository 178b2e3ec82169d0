import torch

from avatar.core.mesh import vertex_normals
from avatar.maps.lit_view import LitView
from avatar.maps.reflectance import _turns
from avatar.maps.relief import normals_of, texel_metres
from avatar.maps.shading_evidence import ReliefEvidence, Shading, _slopes, _slopes_back
from avatar.maps.texels import texels_of
from tests.maps.conftest import WHITE_LIGHT, fitted, photograph

SIDE, TEXEL = 128, 4e-4


def bumps() -> torch.Tensor:
    """Folds 3 mm apart, a tenth of a millimetre high."""
    along = torch.arange(SIDE) * TEXEL
    fold = torch.sin(2 * torch.pi * along / 3e-3)
    return 1e-4 * fold[None, :] * torch.ones(SIDE, 1)


def photo(height: torch.Tensor, weight: float = 1.0, footprint: float = 2e-4) -> Shading:
    across = torch.full((SIDE, SIDE), 0.8)
    right, _ = _slopes(height, torch.full_like(height, 1 / TEXEL))
    return Shading(
        brightness=-1.0 + across * right,
        across=across,
        up=torch.zeros_like(across),
        weight=torch.full_like(across, weight),
        footprint=footprint,
    )


def test_folds_lit_from_the_side_come_back():
    evidence = ReliefEvidence(torch.full((SIDE, SIDE), TEXEL))
    evidence.add(photo(bumps()))
    found = evidence.solve().height[16:-16, 16:-16]
    truth = bumps()[16:-16, 16:-16]
    likeness = (found * truth).sum() / (found.norm() * truth.norm())
    assert float(likeness) > 0.85
    assert 0.4 < float(found.std() / truth.std()) < 1.3


def test_folds_finer_than_the_pixels_are_not_made_up():
    evidence = ReliefEvidence(torch.full((SIDE, SIDE), TEXEL))
    evidence.add(photo(bumps(), footprint=0.1))
    relief = evidence.solve()
    assert float(relief.height.abs().amax()) < 1e-6
    assert float(relief.finest.amax()) == 0
    assert float(relief.confidence.amax()) == 0


def test_nothing_is_told_of_what_no_photo_shows():
    evidence = ReliefEvidence(torch.full((SIDE, SIDE), TEXEL))
    evidence.add(photo(bumps(), weight=0.0))
    assert float(evidence.solve().height.abs().amax()) < 1e-6


def test_the_slopes_have_their_transpose():
    generator = torch.Generator().manual_seed(1)
    height, right, up, ratio = torch.randn(4, 9, 7, generator=generator).double()
    ahead = _slopes(height, ratio)
    there = (ahead[0] * right).sum() + (ahead[1] * up).sum()
    back = (height * _slopes_back(right, up, ratio)).sum()
    torch.testing.assert_close(there, back)


def test_brightness_turns_as_a_displaced_mesh_does(model):
    """The frames of texture and light agree: bend the mesh, and compare what the maps foresee."""
    part, vertices = model.part("skin"), model.template
    x, y, _ = vertices.unbind(1)
    height = 4e-4 * torch.sin(x / 0.006) * torch.cos(y / 0.007)
    normals = vertex_normals(vertices, part.faces)
    bent = vertex_normals(vertices + height[:, None] * normals, part.faces)
    pull = torch.tensor([0.5, 0.3, 0.7])
    matte = (normals @ pull)[:, None].expand(-1, 3).contiguous()
    fit = fitted(model, photograph(model, torch.full_like(vertices, 0.3), 0.0, WHITE_LIGHT)[0])
    lit = LitView(
        vertices=vertices,
        matte=matte,
        gloss=torch.zeros_like(vertices),
        pull=pull.expand_as(vertices),
        openness=torch.ones_like(x),
        seen=torch.zeros_like(vertices),
        trust=model.region("face").float(),
        footprint=1e-3,
        error=0.0,
    )
    size = 512
    texels = texels_of(part, model.uvs, size)
    metres = texel_metres(model, vertices, texels)
    coarse = texels_of(part, model.uvs, size // 2)
    map_of_normals = normals_of(coarse.image(coarse.interpolate(height[:, None]))[..., 0], metres)
    lean = (map_of_normals * 2 - 1).reshape(-1, 3)[coarse.index]
    turns = coarse.interpolate(_turns(fit, lit))
    foreseen = (turns * lean[:, :2] / lean[:, 2:]).sum(-1)
    truth = coarse.interpolate((((bent - normals) @ pull) / (normals @ pull))[:, None])[:, 0]
    inside = (coarse.mask(model.region("cheeks")) > 0.99) | (
        coarse.mask(model.region("forehead")) > 0.99
    )
    inside &= coarse.interpolate(matte[:, :1])[:, 0] > 0.4
    likeness = (foreseen * truth)[inside].sum() / (foreseen[inside].norm() * truth[inside].norm())
    assert int(inside.sum()) > 500
    assert float(likeness) > 0.9
