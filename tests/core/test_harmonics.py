import math

import torch
from torch.nn import functional

from avatar.core.harmonics import (
    irradiance,
    light_from_radiance,
    radiance_from_directions,
    sh_basis,
)


def sphere(count: int) -> torch.Tensor:
    """Evenly spread unit vectors (Fibonacci lattice)."""
    index = torch.arange(count, dtype=torch.float64) + 0.5
    height = 1 - 2 * index / count
    turn = math.pi * (1 + 5**0.5) * index
    radius = (1 - height * height).sqrt()
    return torch.stack([radius * turn.cos(), height, radius * turn.sin()], -1)


def test_constant_white_world_lights_every_side_with_one() -> None:
    light = torch.zeros(9, 3, dtype=torch.float64)
    light[0] = 1
    torch.testing.assert_close(irradiance(light, sphere(50)), torch.ones(50, 3).double())


def test_projected_environment_gives_the_integral_of_radiance_times_cosine() -> None:
    directions = sphere(40_000)
    x, y, z = directions.unbind(-1)
    radiance = torch.stack([1 + y, 0.5 + x * z, 1 + 0.3 * x - z], -1)  # order 2: exact
    share = torch.full((len(directions),), 4 * math.pi / len(directions), dtype=torch.float64)
    light = light_from_radiance(radiance_from_directions(directions, radiance, share))
    normals = sphere(7)
    cosine = (normals @ directions.T).clamp_min(0)
    brute = (cosine * share) @ radiance / math.pi
    torch.testing.assert_close(irradiance(light, normals), brute, atol=2e-4, rtol=0)


def test_basis_polynomials_are_orthogonal_over_the_sphere() -> None:
    basis = sh_basis(sphere(40_000))
    gram = basis.T @ basis / len(basis)
    torch.testing.assert_close(gram, gram.diagonal().diag(), atol=1e-4, rtol=0)


def test_light_from_above_brightens_upward_normals() -> None:
    up = torch.tensor([[0.0, 1.0, 0.0]])
    radiance = radiance_from_directions(up, torch.ones(1, 3), torch.tensor([1.0]))
    light = light_from_radiance(radiance)
    normals = functional.normalize(torch.tensor([[0.0, 1, 0], [1, 1, 0], [0, -1, 0]]), dim=-1)
    brightness = irradiance(light, normals)[:, 0]
    assert brightness[0] > brightness[1] > brightness[2]
