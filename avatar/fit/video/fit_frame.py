"""One frame: pose and expression of a known person from the landmarks, from a start nearby."""

from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.follow_face import FaceTrace
from avatar.capture.observation import Observation
from avatar.core.mesh import vertex_normals
from avatar.core.transform import Transform
from avatar.fit.fit_landmarks import FACE_POINTS, landmark_evidence
from avatar.fit.gaze import LOOK_INDICES, eyes_at_rest, fit_gaze, full_turns, look_coefficients
from avatar.fit.initial_pose import initial_pose
from avatar.fit.landmark_habits import viewing_angles
from avatar.fit.lids import LidOpening, opening_ratios
from avatar.fit.openings import Gaps, aperture_evidence
from avatar.fit.residuals.apertures import (
    BROWS,
    LIDS,
    LIPS,
    MOUTH,
    apertures,
)
from avatar.fit.residuals.expression_prior import (
    coefficient_rates,
    expression_sparsity,
    expression_symmetry,
)
from avatar.fit.residuals.landmarks import landmarks
from avatar.fit.residuals.motion_prior import Motion, motion_prior
from avatar.fit.solver import Problem, Solution, SolverOptions, Term, minimise
from avatar.fit.state import HeadState, PhotoState, retract, step_bounds
from avatar.fit.video.person import Person

_GAPS = ((LIDS, 0.0002), (LIPS, 0.0006), (MOUTH, 0.0008), (BROWS, 0.0010))
"""Pairs of landmarks, and the standard deviation (metres) of what is seen of their distance."""

_LID_MIDDLES, _EYE_CORNERS = ((159, 145), (386, 374)), ((33, 133), (362, 263))
_SHUT, _OPEN = 0.08, 0.18
"""Heights of the lids' opening, by the eye's width, at which irises begin and cease to be guesses.

Real eyes are at 0.02 to 0.08 when shut, and at 0.22 to 0.40 when open.
"""


@dataclass(frozen=True, kw_only=True)
class FrameWeights:
    """How much each belief counts in a frame, see `LandmarkWeights`, and when to stop."""

    landmark: float = 0.25
    aperture: float = 1.0
    sparsity: float = 4.0
    symmetry: float = 2.0
    robust_scale: float = 3.0
    iterations: int = 8
    relative_decrease: float = 2e-3


@dataclass(frozen=True, kw_only=True)
class FrameFit:
    """Pose and expression of one frame, with the mean landmark error in pixels.

    `information` is the Gauss-Newton Hessian by rotation, translation and expression (58 rows):
    how surely each is known; `gradient` is the cost's, by the same. `gaze` is as in `PhotoFit`;
    `lid_ratios` as `opening_ratios` has them.
    """

    photo: PhotoState
    residual: float
    gaze: Float[Tensor, "2 2"]
    lid_ratios: Float[Tensor, "2"]
    gradient: Float[Tensor, "58"]
    information: Float[Tensor, "58 58"]


class FrameFitter:
    """Fits frames of one person; keeps what all frames share."""

    def __init__(
        self,
        person: Person,
        weights: FrameWeights | None = None,
        opening: LidOpening | None = None,
    ) -> None:
        self.person = person
        self.opening = opening or LidOpening.unknown()
        self.weights = weights or FrameWeights()
        neutral = person.neutral_vertices
        self._eyes = eyes_at_rest(person.model, neutral)
        self._turns = full_turns(person.model)
        skin, points = person.model.part("skin").faces, person.problem.points
        self._points = points.on(neutral).double()
        self._normals = functional.normalize(
            points.on(vertex_normals(neutral, skin)).double(), dim=1
        )

    def fit(
        self, trace: FaceTrace, start: PhotoState | None = None, motion: Motion | None = None
    ) -> FrameFit:
        """Return the fit of a frame from `start`, or from scratch; `motion` is what is expected."""
        with torch.no_grad():
            photo = self._first_guess(trace) if start is None else start
            seen = trace.observation()
            if start is None:
                photo = self._solved(seen, photo, motion).state.photos[0]
            solution = self._solved(seen, photo, motion)
            photo, gaze = self._looking(seen, solution.state.photos[0])
            columns = torch.cat(
                [solution.state.pose_columns(0), solution.state.expression_columns(0)]
            )
            return FrameFit(
                photo=photo,
                residual=self._residual(seen, photo),
                gaze=gaze,
                lid_ratios=self._lid_ratios(seen, photo),
                gradient=solution.gradient[columns],
                information=solution.hessian[columns][:, columns],
            )

    def _solved(
        self, seen: Observation, photo: PhotoState, motion: Motion | None
    ) -> Solution[HeadState]:
        photo, _ = self._looking(seen, photo)
        return minimise(
            self._problem(seen, photo, motion),
            single_state(photo),
            SolverOptions(
                iterations=self.weights.iterations,
                relative_decrease=self.weights.relative_decrease,
            ),
        )

    def _first_guess(self, trace: FaceTrace) -> PhotoState:
        """Return the neutral face, posed by a closed-form alignment."""
        like = self.person.identity
        blank = PhotoState(
            camera_from_head=Transform(
                rotation=torch.diag(like.new_tensor([1.0, -1.0, -1.0])),
                translation=like.new_tensor([0.0, 0.0, 1.0]),
            ),
            log_focal=like.new_tensor(self.person.focal).log(),
            expression=like.new_zeros(52),
            landmark_error=like.new_zeros(0),
            width=trace.width,
            height=trace.height,
        )
        points = trace.points[:FACE_POINTS].double()
        pose = initial_pose(
            self.person.basis_at(blank).mean,
            points[:, :2],
            points[:, 2],
            self.person.focal,
            blank.centre,
        )
        return replace(blank, camera_from_head=pose)

    def _looking(
        self, seen: Observation, photo: PhotoState
    ) -> tuple[PhotoState, Float[Tensor, "2 2"]]:
        """Return the photo with the eyes turned to where the irises are, and the angles.

        Behind closing lids the irises are guesses: there the eyes stay as they were.
        """
        gaze = fit_gaze(seen, photo, self._eyes)
        expression = photo.expression.clone()
        looks = list(LOOK_INDICES)
        wanted = look_coefficients(gaze, self._turns).double()
        expression[looks] = torch.lerp(expression[looks], wanted, _openness(seen))
        return replace(photo, expression=expression), gaze

    def _facing(self, photo: PhotoState) -> Float[Tensor, " points"]:
        """Return the cosine between the neutral face's normals and the direction to the camera."""
        pose = photo.camera_from_head
        towards = functional.normalize(-pose.rotation.T @ pose.translation - self._points, dim=1)
        return (self._normals * towards).sum(1)

    def _problem(
        self, seen: Observation, photo: PhotoState, motion: Motion | None
    ) -> Problem[HeadState]:
        weights = self.weights
        yaw, _ = viewing_angles(photo.camera_from_head)
        basis = self.person.basis_at(photo)
        gaps = Gaps(groups=_GAPS, neutral=basis.mean, lids=self.opening)
        deviations = self.person.problem.habits.deviations_at(yaw)
        evidence = landmark_evidence(seen, photo, deviations, self._facing(photo))
        terms: list[Term[HeadState]] = [
            Term(
                name="landmarks",
                linearise=partial(
                    landmarks,
                    photo=0,
                    # Single precision: half the time of the term with most of the rows.
                    basis=basis.to(torch.float32),
                    evidence=evidence.to(torch.float32),
                ),
                weight=weights.landmark,
                robust_scale=weights.robust_scale,
                group=3,
            ),
            Term(
                name="apertures",
                linearise=partial(
                    apertures,
                    photo=0,
                    evidence=aperture_evidence(seen, photo, basis, gaps),
                ),
                weight=weights.aperture,
                robust_scale=weights.robust_scale,
                group=2,
            ),
            Term(
                name="sparsity",
                linearise=partial(expression_sparsity, photo=0, rates=coefficient_rates()),
                weight=weights.sparsity,
            ),
            Term(
                name="symmetry",
                linearise=partial(expression_symmetry, photo=0),
                weight=weights.symmetry**2,
            ),
        ]
        if motion is not None:
            terms.append(
                Term(name="motion", linearise=partial(motion_prior, photo=0, motion=motion))
            )
        return Problem(terms=terms, size=single_state(photo).size, retract=retract, bounds=_bounds)

    def _lid_ratios(self, seen: Observation, photo: PhotoState) -> Float[Tensor, "2"]:
        scale = float(photo.focal / photo.camera_from_head.translation[2])
        return opening_ratios(seen.landmarks.double(), self.person.basis_at(photo).mean, scale)

    def _residual(self, seen: Observation, photo: PhotoState) -> float:
        """Return the mean distance in pixels of the landmarks from where the fit puts them."""
        none = photo.log_focal.new_zeros(0)
        in_camera = photo.camera_from_head.apply(self.person.basis_at(photo).points(none, photo))
        places = in_camera[:, :2] / in_camera[:, 2:] * photo.focal + photo.centre
        return float((places - seen.landmarks[:FACE_POINTS]).norm(dim=1).mean())


def _openness(seen: Observation) -> float:
    """Return 0 for shut eyes to 1 for eyes open enough to see the irises, by both eyes' lids."""
    points = seen.landmarks
    gap = torch.stack([(points[a] - points[b]).norm() for a, b in _LID_MIDDLES]).sum()
    width = torch.stack([(points[a] - points[b]).norm() for a, b in _EYE_CORNERS]).sum()
    return float(((gap / width - _SHUT) / (_OPEN - _SHUT)).clamp(0, 1))


def single_state(photo: PhotoState) -> HeadState:
    """Return the state of a photo alone, its identity known."""
    return HeadState(identity=photo.log_focal.new_zeros(0), photos=(photo,))


def _bounds(state: HeadState) -> tuple[Float[Tensor, " size"], Float[Tensor, " size"]]:
    """Return the usual bounds, with the focal length held: it is the person's camera's."""
    lower, upper = step_bounds(state)
    focal = state.focal_columns(0)
    lower[focal], upper[focal] = 0.0, 0.0
    return lower, upper
