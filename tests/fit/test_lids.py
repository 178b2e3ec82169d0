"""A person's lids: what is open for them is open, what is shut is shut."""

import pytest
import torch

from avatar.fit.lids import LidOpening
from avatar.fit.residuals.apertures import LIDS


def ratios(rest: float, blinks: tuple[float, ...], frames: int = 100) -> torch.Tensor:
    column = torch.full((frames,), rest)
    column[: len(blinks)] = torch.tensor(blinks)
    return torch.stack([column, column], 1)


def stretched(opening: LidOpening, ratio: float) -> float:
    pairs = len(LIDS)
    seen = torch.tensor([0.0, 10.0 * ratio]).expand(pairs, 2)
    result = opening.stretched(seen, torch.full((pairs,), 10.0))
    assert torch.allclose(result[:, 0], torch.zeros(pairs))
    return float(result[0, 1]) / 10


@pytest.mark.parametrize("rest", [0.75, 0.9, 1.1])
def test_a_persons_rest_is_open_and_their_blink_is_shut(rest):
    opening = LidOpening.of(ratios(rest, (0.5, 0.12, 0.12, 0.5)))
    assert stretched(opening, rest) == pytest.approx(1.0, abs=1e-5)
    assert stretched(opening, 0.12) == pytest.approx(0.0, abs=0.02)
    assert stretched(opening, rest + 0.2) == pytest.approx(1.2, abs=1e-5)
    half = stretched(opening, (rest + 0.12) / 2)
    assert half == pytest.approx(0.5, abs=0.02)


def test_without_a_blink_the_slit_is_the_usual_one():
    opening = LidOpening.of(ratios(0.9, ()))
    assert opening.shut.tolist() == pytest.approx([0.18, 0.18])


def test_few_frames_and_odd_eyes_change_little():
    assert LidOpening.of(ratios(0.8, (), frames=4)).rest.tolist() == [1.0, 1.0]
    assert float(LidOpening.of(ratios(3.0, ())).rest[0]) == 1.25
    sleepy = LidOpening.of(ratios(0.3, ()))
    assert sleepy.rest.tolist() == [1.0, 1.0]


def test_each_eye_has_its_own():
    both = ratios(0.8, ())
    both[:, 1] = 1.0
    opening = LidOpening.of(both)
    assert opening.rest.tolist() == pytest.approx([0.8, 1.0])
