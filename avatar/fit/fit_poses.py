"""The last step: how the face is held and what it does, of a person whose shape is settled."""

from collections.abc import Sequence
from functools import partial

from jaxtyping import Float
from torch import Tensor

from avatar.fit.fit_landmarks import LandmarkProblem, landmark_terms, looking, prior_terms
from avatar.fit.landmark_habits import viewing_angles
from avatar.fit.lids import LidOpening
from avatar.fit.openings import Gaps, aperture_evidence
from avatar.fit.residuals.apertures import LIDS, LIPS, apertures
from avatar.fit.solver import Problem, SolverOptions, Term, minimise
from avatar.fit.state import HeadState, retract, step_bounds

_GAPS = ((LIDS, 0.0002), (LIPS, 0.0006))
"""Pairs of landmarks, and the standard deviation (metres) of what is seen of their distance."""


_DEPTH_ERROR = 0.001
"""Metres by which a fitted face's upper lid or lip lies nearer or further than the lower one."""


def fit_poses(
    problem: LandmarkProblem, state: HeadState, evidence: Sequence[Term[HeadState]] = ()
) -> HeadState:
    """Return the state with pose and expression fitted anew; identity and camera stay.

    Lids and lips open and close as far as the landmarks' do: see `opening_terms`. `evidence` is
    what else the photos say. Who it is should not follow every detected point, what the face does
    should.
    """

    def bounds(now: HeadState) -> tuple[Float[Tensor, " size"], Float[Tensor, " size"]]:
        lower, upper = step_bounds(now)
        held = [now.identity_columns()]
        held += [now.focal_columns(index) for index in range(len(now.photos))]
        for columns in held:
            lower[columns], upper[columns] = 0.0, 0.0
        return lower, upper

    terms = [
        *landmark_terms(problem, state),
        *prior_terms(problem, state),
        *opening_terms(problem, state),
        *evidence,
    ]
    solution = minimise(
        Problem(terms=terms, size=state.size, retract=retract, bounds=bounds),
        state,
        SolverOptions(iterations=12, relative_decrease=1e-3),
    )
    return looking(problem, solution.state)


def opening_terms(problem: LandmarkProblem, state: HeadState) -> list[Term[HeadState]]:
    """Return what the landmarks say of lids and lips, for a person whose identity is settled."""
    terms: list[Term[HeadState]] = []
    for index, (seen, photo) in enumerate(zip(problem.observations, state.photos, strict=True)):
        basis = problem.habits.predicted(problem.basis, *viewing_angles(photo.camera_from_head))
        gaps = Gaps(
            groups=_GAPS,
            neutral=basis.mean + basis.identity @ state.identity,
            lids=LidOpening.unknown(),
            depth_error=_DEPTH_ERROR,
        )
        terms.append(
            Term(
                name="openings",
                linearise=partial(
                    apertures, photo=index, evidence=aperture_evidence(seen, photo, basis, gaps)
                ),
                robust_scale=problem.weights.robust_scale,
                group=2,
            )
        )
    return terms
