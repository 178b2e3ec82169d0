"""Stage 2, for several photos: refine the head until all photos show the same skin on it.

Tried and left out, for on four heads of known shape, before outlines were used, they moved the
error by about one percent or to the worse: shading (nine harmonics, eliminated by variable
projection, even skin; also for one photo), the skin's redness as a second picture, one focal
length for photos of one size, and leaving out what lies near the border of the visible face.

Free-form offsets were tried here and left out too: 60 bumps of the face along its normals, 18 mm
wide, with a deviation of 1 or 0.5 mm beside the identity's. On four heads of known shape, three
photos each, the mean error was 1.124 and 1.110 mm, without them 1.109 mm.

Nor is more to be had from a better start or camera: starting from the true turns of the head moved
none of five heads by more than 0.01 mm; true focal lengths gave 1.142 and the detector's measured
habits 1.138 to 1.184 mm, where doing without gave 1.127 mm.
"""

from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.fit.brightness import FaceCrop, FaceTriangles, face_crop
from avatar.fit.fit_landmarks import LandmarkProblem, landmark_terms, prior_terms
from avatar.fit.fit_poses import fit_poses
from avatar.fit.fit_silhouette import silhouette_terms
from avatar.fit.report_fit import single_precision
from avatar.fit.residuals.photo_consistency import PhotoConsistencyEvidence, photo_consistency
from avatar.fit.solver import Problem, SolverOptions, Term, minimise
from avatar.fit.state import HeadState, retract, step_bounds
from avatar.fit.surface_samples import SurfaceSamples, sample_surface
from avatar.fit.visible import occluders, vertex_visibility
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class PhotoConsistencyOptions:
    """Scales of the refinement, coarse to fine, and how far each kind of evidence is trusted.

    `blurs` are metres; what is compared is the brightness blurred by one less the brightness
    blurred `band` times as much, with `deviation` as its standard deviation in natural logarithms.
    Texture within `correlation` blurs counts as one measurement. `landmark_weight` multiplies the
    landmarks' information: their errors are alike among neighbours and among photos, so against
    evidence of another kind they count for less than their number; when pose and expression are
    settled at the end, `pose_landmark_weight` does, for there they are what people look at. The
    identity prior counts `identity_weight` times, for what the skin shows errs alike over more of
    the face than `correlation`, wherever the model's expressions are not the person's.
    """

    blurs: tuple[float, ...] = (0.004, 0.002, 0.001)
    samples: int = 2000
    band: float = 4.0
    deviation: float = 0.06
    correlation: float = 5.0
    robust_scale: float = 2.0
    least_cosine: float = 0.3
    landmark_weight: float = 0.03
    pose_landmark_weight: float = 0.1
    identity_weight: float = 2.5
    iterations: int = 4


def fit_photo_consistency(
    problem: LandmarkProblem, state: HeadState, options: PhotoConsistencyOptions | None = None
) -> HeadState:
    """Return the state that explains the landmarks and the outlines and shows one skin.

    How the face is held and what it does is settled at the end by the same evidence, with lids and
    lips that open as far as the landmarks say. The landmarks at their full weight would turn the
    photos away from each other: on four known heads turns between photos were wrong by 5.0 degrees
    then, by 2.1 at a tenth of it.

    `state` is a fit of the landmarks; with one photo there is nothing to compare, and it is
    returned as it came.
    """
    options = options or PhotoConsistencyOptions()
    if len(state.photos) < 2:
        return state
    weights = replace(
        problem.weights,
        landmark=options.landmark_weight * problem.weights.landmark,
        identity=options.identity_weight * problem.weights.identity,
    )
    problem = replace(problem, weights=weights)
    samples = sample_surface(problem.model, "face", options.samples)
    evidence: list[Term[HeadState]] = []
    for blur in options.blurs:
        evidence = [
            _consistency_term(problem, state, samples, options, blur),
            *silhouette_terms(problem, state),
        ]
        terms = [*landmark_terms(problem, state), *prior_terms(problem, state), *evidence]
        state = minimise(
            Problem(terms=terms, size=state.size, retract=retract, bounds=step_bounds),
            state,
            SolverOptions(iterations=options.iterations),
        ).state
    seen = options.pose_landmark_weight / options.landmark_weight * problem.weights.landmark
    problem = replace(problem, weights=replace(problem.weights, landmark=seen))
    return fit_poses(problem, state, evidence)


def _consistency_term(
    problem: LandmarkProblem,
    state: HeadState,
    samples: SurfaceSamples,
    options: PhotoConsistencyOptions,
    blur: float,
) -> Term[HeadState]:
    evidence = PhotoConsistencyEvidence(
        samples=samples,
        brightness=tuple(
            crop.fine_part(blur, options.band * blur) for crop in _crops(problem, state, blur)
        ),
        visible=_visible(problem, samples, state, options.least_cosine),
        deviation=options.deviation,
    )
    return Term(
        name="photo consistency",
        linearise=partial(photo_consistency, evidence=evidence),
        weight=min(1.0, samples.area / (options.correlation * blur) ** 2),
        robust_scale=options.robust_scale,
    )


def _crops(problem: LandmarkProblem, state: HeadState, blur: float) -> list[FaceCrop]:
    """Return each photo's face, with the part of the picture that the fitted face covers."""
    model = problem.model
    faces = occluders(model)
    is_face = skin_around(model)[faces].all(1)
    crops: list[FaceCrop] = []
    for seen, own in zip(problem.observations, state.photos, strict=True):
        photo = single_precision(own)
        vertices = model.vertices(state.identity.float(), photo.expression)
        triangles = FaceTriangles(vertices=vertices, faces=faces, is_face=is_face)
        crops.append(face_crop(seen, photo, triangles, max(blur / 2, 0.0005)))
    return crops


def skin_around(model: HeadModel) -> Bool[Tensor, " verts"]:
    """Return the vertices whose brightness may flow into the face's by blurring: no eyeballs."""
    names = [region.name for region in model.regions]
    skin = model.region("face_wide" if "face_wide" in names else "face")
    return skin & ~model.region("eye_sockets") if "eye_sockets" in names else skin


def _visible(
    problem: LandmarkProblem, samples: SurfaceSamples, state: HeadState, least_cosine: float
) -> Bool[Tensor, "photos samples"]:
    """Return which photo shows which sample, neither hidden nor grazing, burnt out nor black."""
    model = problem.model
    faces = occluders(model)
    rows: list[Tensor] = []
    for seen, own in zip(problem.observations, state.photos, strict=True):
        photo = single_precision(own)
        vertices = model.vertices(state.identity.float(), photo.expression)
        cosine = samples.on(vertex_visibility(vertices, faces, photo.camera)[:, None])[:, 0]
        places, _ = photo.camera.project(samples.on(vertices))
        rows.append((cosine > least_cosine) & _well_exposed(seen, places))
    return torch.stack(rows)


def _well_exposed(seen: Observation, places: Float[Tensor, "points 2"]) -> Bool[Tensor, " points"]:
    column = places[:, 0].round().long().clamp(0, seen.photo.width - 1)
    row = places[:, 1].round().long().clamp(0, seen.photo.height - 1)
    brightest = seen.photo.pixels[row, column].amax(1)
    return (brightest > 0.003) & (brightest < 0.97)
