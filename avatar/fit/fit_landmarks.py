"""Stage 1: pose, camera, identity and expression from landmarks, in a fraction of a second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.errors import ModelError
from avatar.core.mesh import SurfacePoints, vertex_normals
from avatar.core.transform import Transform
from avatar.fit.focal import FocalGuess
from avatar.fit.gaze import LOOK_INDICES, eyes_at_rest, fit_gaze, full_turns, look_coefficients
from avatar.fit.identity_belief import IdentityBelief
from avatar.fit.initial_pose import initial_pose
from avatar.fit.landmark_basis import eye_basis, landmark_basis
from avatar.fit.landmark_habits import LandmarkHabits, viewing_angles
from avatar.fit.residuals.expression_prior import expression_sparsity, expression_symmetry
from avatar.fit.residuals.focal_prior import focal_prior
from avatar.fit.residuals.identity_prior import identity_prior
from avatar.fit.residuals.iris_size import iris_size
from avatar.fit.residuals.landmark_error_prior import landmark_error_prior
from avatar.fit.residuals.landmarks import LandmarkBasis, LandmarkEvidence, landmarks
from avatar.fit.solver import Problem, SolverOptions, Term, minimise
from avatar.fit.state import HeadState, PhotoState, retract, step_bounds
from avatar.head.model import HeadModel

FACE_POINTS = 468
"""The first 468 of the 478 points lie on the face, the last ten on the irises."""

FACING_SEEN, FACING_HIDDEN, HIDDEN_DISTRUST = 0.3, -0.1, 4.0
"""Cosines from which a landmark is seen well and not at all, and its deviation's factor there."""


@dataclass(frozen=True, kw_only=True)
class LandmarkWeights:
    """How much each belief counts beside the landmarks.

    `sparsity` is the inverse of a typical expression coefficient; `symmetry` the inverse standard
    deviation of left minus right; `robust_scale` the whitened residual from which a landmark is
    an outlier; `landmark` and `identity` scale the landmarks' and the identity prior's information
    as a whole.
    """

    landmark: float = 1.0
    identity: float = 1.0
    sparsity: float = 4.0
    symmetry: float = 5.0
    robust_scale: float = 3.0
    iris_deviation: float = 0.06


@dataclass(frozen=True, kw_only=True)
class LandmarkProblem:
    """Everything stage 1 knows: the model's landmarks, what was seen, and what is believed.

    `points` are those of the face, `basis` is theirs, `eyes` are the eyeballs' centres. `belief`
    is what is believed of the identity, where that is more than the model's prior.
    """

    model: HeadModel
    points: SurfacePoints
    basis: LandmarkBasis
    eyes: tuple[LandmarkBasis, ...]
    observations: tuple[Observation, ...]
    focals: tuple[FocalGuess, ...]
    habits: LandmarkHabits
    weights: LandmarkWeights = LandmarkWeights()
    belief: IdentityBelief | None = None


def landmark_problem(
    observations: Sequence[Observation],
    model: HeadModel,
    focals: Sequence[FocalGuess],
    habits: LandmarkHabits,
) -> LandmarkProblem:
    """Return the problem of fitting a model to observations.

    Raises:
        ModelError: the model has no measured `landmarks478`.
    """
    if model.landmarks478 is None:
        raise ModelError(
            f"model {model.name}: expected measured landmarks478, got none; "
            "use a model whose landmarks were measured, such as the default one"
        )
    face = SurfacePoints(
        corners=model.landmarks478.corners[:FACE_POINTS],
        barycentrics=model.landmarks478.barycentrics[:FACE_POINTS],
    )
    errors = len(habits.modes)
    return LandmarkProblem(
        model=model,
        points=face,
        basis=landmark_basis(model, face, errors=errors),
        eyes=tuple(
            eye_basis(model, joint, errors)
            for joint in ("eye_left", "eye_right")
            if joint in model.joint_names
        ),
        observations=tuple(observations),
        focals=tuple(focals),
        habits=habits,
    )


def fit_landmarks(problem: LandmarkProblem, rounds: int = 3) -> HeadState:
    """Return pose, camera, identity and expression that explain the landmarks best.

    First only the pose moves, then everything; the detector's habits depend on the pose and are
    read anew before each round.
    """
    state = first_guess(problem)
    for _ in range(rounds):
        terms = [*landmark_terms(problem, state), *prior_terms(problem, state)]
        solution = minimise(
            Problem(terms=terms, size=state.size, retract=retract, bounds=step_bounds),
            state,
            SolverOptions(iterations=12, relative_decrease=1e-3),
        )
        state = looking(problem, solution.state)
    return state


def looking(problem: LandmarkProblem, state: HeadState) -> HeadState:
    """Return the state with the eyes turned to where the irises are, lids following."""
    model = problem.model
    eyes = eyes_at_rest(model, model.vertices(state.identity.float()))
    turns = full_turns(model)
    photos: list[PhotoState] = []
    for seen, photo in zip(problem.observations, state.photos, strict=True):
        gaze = fit_gaze(seen, photo, eyes)
        expression = photo.expression.clone()
        expression[list(LOOK_INDICES)] = look_coefficients(gaze, turns)
        photos.append(replace(photo, expression=expression))
    return replace(state, photos=tuple(photos))


def first_guess(problem: LandmarkProblem) -> HeadState:
    """Return the mean head, or the believed one, posed on each photo by a closed-form alignment."""
    photos: list[PhotoState] = []
    for seen, guess in zip(problem.observations, problem.focals, strict=True):
        size = seen.photo.width, seen.photo.height
        zeros = problem.basis.mean.new_zeros
        blank = PhotoState(
            camera_from_head=Transform.identity(problem.basis.mean),
            log_focal=problem.basis.mean.new_tensor(guess.focal).log(),
            expression=zeros(52),
            landmark_error=zeros(problem.basis.error.shape[2]),
            width=size[0],
            height=size[1],
        )
        pose = initial_pose(
            problem.basis.mean,
            seen.landmarks[:FACE_POINTS].double(),
            seen.landmark_depths[:FACE_POINTS].double(),
            guess.focal,
            blank.centre,
        )
        photos.append(replace(blank, camera_from_head=pose))
    identity = problem.basis.mean.new_zeros(problem.basis.identity.shape[2])
    if problem.belief is not None:
        identity = problem.belief.mean.to(identity)
    return HeadState(identity=identity, photos=tuple(photos))


def landmark_terms(problem: LandmarkProblem, state: HeadState) -> list[Term[HeadState]]:
    """Return what the landmarks and irises say, with the detector's habits at the state's pose."""
    terms: list[Term[HeadState]] = []
    for index, (seen, photo) in enumerate(zip(problem.observations, state.photos, strict=True)):
        yaw, pitch = viewing_angles(photo.camera_from_head)
        basis = problem.habits.predicted(problem.basis, yaw, pitch)
        evidence = landmark_evidence(
            seen, photo, problem.habits.deviations_at(yaw), _facing(problem, state, index)
        )
        terms.append(
            Term(
                name="landmarks",
                linearise=partial(landmarks, photo=index, basis=basis, evidence=evidence),
                weight=problem.weights.landmark,
                robust_scale=problem.weights.robust_scale,
                group=3,
            )
        )
        terms.extend(
            Term(
                name="iris size",
                linearise=partial(
                    iris_size,
                    photo=index,
                    eye=eye,
                    diameter=iris_diameter(seen),
                    deviation=problem.weights.iris_deviation * len(problem.eyes) ** 0.5,
                ),
            )
            for eye in problem.eyes
        )
    return terms


def prior_terms(problem: LandmarkProblem, state: HeadState) -> list[Term[HeadState]]:
    """Return what is believed before looking."""
    weights = problem.weights
    terms: list[Term[HeadState]] = [
        Term(
            name="identity prior",
            linearise=partial(identity_prior, belief=problem.belief),
            weight=weights.identity,
        )
    ]
    for index, guess in enumerate(problem.focals[: len(state.photos)]):
        log_focal = state.identity.new_tensor(guess.focal).log()
        terms += [
            Term(
                name="sparsity",
                linearise=partial(expression_sparsity, photo=index),
                weight=weights.sparsity,
            ),
            Term(
                name="symmetry",
                linearise=partial(expression_symmetry, photo=index),
                weight=weights.symmetry**2,
            ),
            Term(
                name="focal",
                linearise=partial(
                    focal_prior, photo=index, log_focal=log_focal, deviation=guess.deviation
                ),
            ),
            Term(name="error prior", linearise=partial(landmark_error_prior, photo=index)),
        ]
    return terms


def landmark_evidence(
    seen: Observation,
    photo: PhotoState,
    deviations: Float[Tensor, "points 3"],
    facing: Float[Tensor, " points"],
) -> LandmarkEvidence:
    """Return the face's points with their deviations (metres, at confidence 1) in pixels.

    `facing` is the cosine between a point's normal and the direction to the camera: what turns
    away cannot be seen, and the detector makes up a place for it, so it is trusted less. Half a
    pixel of detection noise is added, so that small faces are trusted less.
    """
    pixels_per_metre = photo.focal / photo.camera_from_head.translation[2]
    confidence = seen.confidences[:FACE_POINTS, None].double().clamp_min(0.05)
    turned = ((FACING_SEEN - facing) / (FACING_SEEN - FACING_HIDDEN)).clamp(0, 1)
    distrust = 1 + (HIDDEN_DISTRUST - 1) * turned
    scaled = deviations * distrust[:, None] * pixels_per_metre / confidence
    return LandmarkEvidence(
        positions=seen.landmarks[:FACE_POINTS].double(),
        depths=seen.landmark_depths[:FACE_POINTS].double(),
        deviations=(scaled**2 + 0.5**2).sqrt(),
    )


def _facing(problem: LandmarkProblem, state: HeadState, index: int) -> Float[Tensor, " points"]:
    """Return the cosine between each point's normal and the direction to a photo's camera."""
    model, pose = problem.model, state.photos[index].camera_from_head
    points = problem.points
    vertices = model.vertices(state.identity.float(), state.photos[index].expression.float())
    normals = functional.normalize(
        points.on(vertex_normals(vertices, model.part("skin").faces)), dim=1
    )
    camera_in_head = (-pose.rotation.T @ pose.translation).float()
    towards = functional.normalize(camera_in_head - points.on(vertices), dim=1)
    return (normals * towards).sum(1).double()


def iris_diameter(seen: Observation) -> float:
    """Return the mean of both irises' widths in pixels.

    Each is twice the greatest distance of an edge point from the centre: turned away, a circle
    keeps one axis.
    """
    irises = seen.landmarks[468:478].double().unflatten(0, (2, 5))
    radii = (irises[:, 1:] - irises[:, :1]).norm(dim=2)
    return float(2 * radii.amax(1).mean())
