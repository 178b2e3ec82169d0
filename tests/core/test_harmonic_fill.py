import torch

from avatar.core.harmonic_fill import harmonic_fill


def strip(length: int) -> torch.Tensor:
    """Triangles of a strip of `length` quads: vertices 2i and 2i + 1 stand side by side."""
    quads = torch.arange(length)[:, None] * 2
    return torch.cat([quads + torch.tensor([0, 2, 1]), quads + torch.tensor([1, 2, 3])])


def test_a_constant_stays_constant():
    values = torch.full((22, 3), 0.3)
    confidence = torch.zeros(22)
    confidence[:4] = 1
    filled = harmonic_fill(values * confidence[:, None], confidence, strip(10))
    torch.testing.assert_close(filled, values, atol=1e-4, rtol=0)


def test_between_two_known_ends_the_fill_rises_steadily():
    values, confidence = torch.zeros(22, 1), torch.zeros(22)
    confidence[[0, 1, 20, 21]] = 1
    values[[20, 21]] = 1
    filled = harmonic_fill(values, confidence, strip(10), smoothness=1e-3)[::2, 0]
    assert (filled.diff() > 0).all()
    assert abs(float(filled[5]) - 0.5) < 0.05


def test_vertices_outside_every_face_do_no_harm():
    values, confidence = torch.ones(30, 3), torch.ones(30)
    filled = harmonic_fill(values, confidence, strip(5))
    assert torch.isfinite(filled).all()
