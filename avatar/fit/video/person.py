"""What stays the same through a video: the person's shape, the camera, the detector's errors.

One identity and one focal length are solved together with every keyframe's pose, expression and
landmark errors. Tried and left out, on films of known truth (ICT-FaceKit heads, 8 s each):
20 keyframes for 10 (2.4 times the time, the same residuals); photo-consistency of six keyframes
(the identities that a film's halves give by themselves: 0.89 -> 1.46 mm apart); errors as a
polynomial of the pose, learnt from all frames (brows 0.95 -> 0.98 on one film, 0.92 -> 0.90 with
0.16 degrees more error of rotation on another).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.follow_face import FaceTrace
from avatar.core.errors import FaceNotFoundError
from avatar.fit.fit_landmarks import (
    FACE_POINTS,
    LandmarkProblem,
    fit_landmarks,
    landmark_problem,
)
from avatar.fit.focal import FocalGuess, guess_focal
from avatar.fit.landmark_habits import load_habits, viewing_angles
from avatar.fit.residuals.landmarks import LandmarkBasis
from avatar.fit.state import HeadState, PhotoState
from avatar.head.model import HeadModel

_TYPICAL_BIAS = 0.0015
"""Metres by which one person's landmarks lie off the model's, consistently."""

_FOCAL_SPREAD = 0.01


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person calibrated from some frames of a video.

    `identity` are the model's coefficients; `focal` is in pixels of a `width` x `height` frame;
    `landmark_error` the detector's error modes; `bias` (metres, head frame) where this person's
    landmarks lie off the fitted surface in all frames alike.
    """

    model: HeadModel
    identity: Float[Tensor, " modes"]
    focal: float
    width: int
    height: int
    landmark_error: Float[Tensor, " errors"]
    bias: Float[Tensor, "468 3"]
    problem: LandmarkProblem

    @property
    def neutral_vertices(self) -> Float[Tensor, "verts 3"]:
        """The head without expression, metres in the head frame."""
        return self.model.vertices(self.identity.float())

    def basis_at(self, photo: PhotoState) -> LandmarkBasis:
        """Return the landmarks as the detector will see them from a pose; identity is fixed."""
        yaw, pitch = viewing_angles(photo.camera_from_head)
        own = self._basis
        return replace(own, mean=own.mean + self.problem.habits.bias_at(yaw, pitch))

    @cached_property
    def _basis(self) -> LandmarkBasis:
        """The landmarks but for what depends on the pose."""
        seen = self.problem.habits.responded(self.problem.basis)
        none = seen.mean.new_zeros(*seen.mean.shape, 0)
        return LandmarkBasis(
            mean=seen.mean
            + seen.identity @ self.identity
            + seen.error @ self.landmark_error
            + self.bias,
            identity=none,
            expression=seen.expression,
            error=none,
        )


def calibrate_person(
    traces: Sequence[FaceTrace],
    model: HeadModel,
    fov_degrees: float | None = None,
    most: int = 10,
) -> Person:
    """Return the person in the traces, from the `most` frames that differ most.

    One camera took them all: the focal length is solved per frame first, then shared.

    Raises:
        FaceNotFoundError: there is no trace.
        ModelError: the model has no measured landmarks.
    """
    if not traces:
        raise FaceNotFoundError("no frame shows a face that can be followed")
    chosen = keyframes(traces, most)
    seen = [trace.observation() for trace in chosen]
    guess = guess_focal(seen[0].photo, fov_degrees)
    habits = load_habits()
    with torch.no_grad():
        problem = landmark_problem(seen, model, [guess] * len(seen), habits)
        state = fit_landmarks(problem, rounds=2)
        shared = float(torch.stack([photo.log_focal for photo in state.photos]).median().exp())
        problem = replace(
            problem, focals=(FocalGuess(focal=shared, deviation=_FOCAL_SPREAD),) * len(seen)
        )
        state = fit_landmarks(problem, rounds=2)
        errors = torch.stack([photo.landmark_error for photo in state.photos]).median(0).values
        person = Person(
            model=model,
            identity=state.identity,
            focal=shared,
            width=chosen[0].width,
            height=chosen[0].height,
            landmark_error=errors,
            bias=torch.zeros(FACE_POINTS, 3, dtype=torch.float64),
            problem=replace(problem, observations=(), focals=()),
        )
        return replace(person, bias=_bias(person, state, chosen))


def keyframes(traces: Sequence[FaceTrace], most: int) -> list[FaceTrace]:
    """Return up to `most` traces that differ as much as possible, the most usual one first.

    Farthest-point sampling over the face's points in three dimensions, with place and size taken
    out: so both poses and expressions count.
    """
    step = max(1, len(traces) // 600)
    pool = list(traces[::step])
    shapes = torch.stack([_normal_shape(trace) for trace in pool])
    middle = shapes.median(0).values
    chosen = [int((shapes - middle).norm(dim=1).argmin())]
    apart = (shapes - shapes[chosen[0]]).norm(dim=1)
    # What the network is unsure of may look most different of all.
    sure = torch.tensor([trace.presence for trace in pool]) > 0.9
    apart = torch.where(sure, apart, torch.zeros_like(apart))
    while len(chosen) < min(most, len(pool)) and float(apart.max()) > 0.02:
        chosen.append(int(apart.argmax()))
        apart = torch.minimum(apart, (shapes - shapes[chosen[-1]]).norm(dim=1))
        apart[chosen] = 0
    return [pool[index] for index in chosen]


def _normal_shape(trace: FaceTrace) -> Float[Tensor, " numbers"]:
    points = trace.points[:FACE_POINTS]
    points = points - points.mean(0)
    points = points / points.square().sum(1).mean().sqrt()
    return points.flatten() / FACE_POINTS**0.5


def _bias(person: Person, state: HeadState, traces: Sequence[FaceTrace]) -> Float[Tensor, "468 3"]:
    """Return what the landmarks are off in all frames alike, shrunk as few frames demand.

    Only what lies across the line of sight is known; the median forgives single frames.
    """
    errors: list[Tensor] = []
    for trace, photo in zip(traces, state.photos, strict=True):
        pose = photo.camera_from_head
        none = state.identity.new_zeros(0)
        own = replace(photo, landmark_error=none)
        in_camera = pose.apply(person.basis_at(photo).points(none, own))
        depth = in_camera[:, 2:]
        seen = (trace.points[:FACE_POINTS, :2].double() - photo.centre) / photo.focal * depth
        off = torch.cat([seen - in_camera[:, :2], torch.zeros_like(depth)], 1)
        errors.append(off @ pose.rotation)
    stacked = torch.stack(errors)
    middle = stacked.median(0).values
    noise = stacked.std(0) ** 2 / len(errors) if len(errors) > 1 else stacked[0] ** 2
    return middle * (_TYPICAL_BIAS**2 / (_TYPICAL_BIAS**2 + noise))
