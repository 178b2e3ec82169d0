import pytest
import torch

from avatar.head.anny.phenotypes import macro_target_paths, macro_weights
from avatar.head.anny.population import sample_adults
from avatar.head.anny.prior import identity_prior

PEOPLE, SHAPES, POINTS = 5000, 6, 40


@pytest.fixture(scope="module")
def problem():
    """A population of symmetric point sets: pairs of points, six ways to differ."""
    generator = torch.Generator().manual_seed(1)
    half = torch.rand(POINTS // 2, 3, generator=generator, dtype=torch.float64)
    base = torch.cat([half, half * torch.tensor([-1.0, 1.0, 1.0])])
    shapes = 0.02 * torch.randn(SHAPES, POINTS, 3, generator=generator, dtype=torch.float64)
    people = torch.randn(PEOPLE, SHAPES, generator=generator, dtype=torch.float64)
    weights = torch.rand(POINTS // 2, generator=generator, dtype=torch.float64).repeat(2) + 0.1
    mirror = torch.arange(POINTS).roll(POINTS // 2)
    return {
        "base": base,
        "shapes": shapes,
        "people": people,
        "vertex_weights": weights,
        "rigid_weights": torch.ones(POINTS, dtype=torch.float64),
        "mirror": mirror,
    }


def test_modes_are_orthogonal_under_the_vertex_weights_and_as_long_as_their_deviations(problem):
    prior = identity_prior(**problem, modes=8)
    weights = problem["vertex_weights"] / problem["vertex_weights"].sum()
    products = torch.einsum("avc,bvc,v->ab", prior.basis, prior.basis, weights)
    torch.testing.assert_close(products, torch.diag(prior.deviations**2))
    assert (prior.deviations[:-1] >= prior.deviations[1:]).all()


def test_samples_of_the_prior_vary_as_the_population_does(problem):
    prior = identity_prior(**problem, modes=2 * SHAPES)
    assert prior.variance_kept == pytest.approx(1)
    variance = torch.cov(problem["people"].T)
    still = prior.basis.square().sum((0, 2))
    moved = torch.einsum("ivc,jvc,ij->v", problem["shapes"], problem["shapes"], variance)
    # Alignment only takes variance away.
    assert still.sum() < moved.sum()
    assert still.sum() > 0.8 * moved.sum()


def test_modes_are_symmetric_or_antisymmetric(problem):
    prior = identity_prior(**problem, modes=2 * SHAPES)
    flipped = prior.basis[:, problem["mirror"]] * torch.tensor([-1.0, 1.0, 1.0])
    same = (flipped - prior.basis).abs().amax((1, 2))
    opposite = (flipped + prior.basis).abs().amax((1, 2))
    assert torch.minimum(same, opposite).max() < 1e-10


def test_a_rigid_motion_is_no_identity(problem):
    turn = torch.linalg.cross(torch.tensor([[0.1, 0.2, 0.3]], dtype=torch.float64), problem["base"])
    moving = {**problem, "shapes": torch.stack([turn, torch.ones_like(turn)])}
    prior = identity_prior(**{**moving, "people": problem["people"][:, :2] * 1e-3}, modes=2)
    assert prior.deviations.max() < 1e-5


def test_weights_of_every_group_of_macro_targets_sum_to_one():
    adults = sample_adults(50, torch.Generator().manual_seed(0))
    weights = macro_weights(adults)
    paths = macro_target_paths()
    assert weights.shape == (50, len(paths))
    for group in ("universal", "height", ""):
        members = torch.tensor([_group(path) == group for path in paths])
        torch.testing.assert_close(weights[:, members].sum(1), torch.ones(50, dtype=torch.float64))


def test_the_same_seed_draws_the_same_people():
    first, second = (sample_adults(20, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first.age, second.age)
    assert torch.equal(first.ancestry, second.ancestry)


def _group(path: str) -> str:
    name = path.removeprefix("mpfb2/targets/macrodetails/")
    return next((group for group in ("universal", "height") if name.startswith(group)), "")
