"""Stage 2, for every photo: the outline of cheeks and jaw follows the edge of the matte."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.mesh import SurfacePoints
from avatar.fit.brightness import Brightness
from avatar.fit.edge_distance import EdgeWindow, edge_window
from avatar.fit.fit_landmarks import LandmarkProblem, landmark_terms, prior_terms
from avatar.fit.fit_poses import fit_poses
from avatar.fit.report_fit import single_precision
from avatar.fit.residuals.silhouette import SilhouetteEvidence, silhouette
from avatar.fit.solver import Problem, SolverOptions, Term, minimise
from avatar.fit.state import HeadState, retract, step_bounds
from avatar.fit.surface_samples import SurfaceSamples
from avatar.fit.visible import occluders
from avatar.head.model import HeadModel
from avatar.ops.rasterize_mesh import rasterize_mesh

FEWEST = 8
"""Points under which an outline says too little to be used."""

COMPETING = 0.7
"""Slope of the distance (pixels a pixel, 1 along one edge) under which two edges compete."""


@dataclass(frozen=True, kw_only=True)
class SilhouetteOptions:
    """Which part of the outline counts, and how much; lengths in metres.

    Points `near` the head's outline are used, up to `highest` above the eyes: beyond there is
    hair. What is further than `reach` from the matte's edge does not belong to it. `deviation` is
    that of the matte's edge, which is wrong alike over `correlation` of outline.
    """

    highest: float = 0.02
    near: float = 0.002
    reach: float = 0.010
    deviation: float = 0.0015
    correlation: float = 0.02
    robust_scale: float = 2.0
    rounds: int = 3
    iterations: int = 6


def fit_silhouette(
    problem: LandmarkProblem, state: HeadState, options: SilhouetteOptions | None = None
) -> HeadState:
    """Return the state that explains the landmarks and the photos' outlines.

    `state` is a fit of the landmarks. Which points make the outline is found anew in each round;
    pose and expression are fitted without outlines at the end, see `fit_poses`.
    """
    options = options or SilhouetteOptions()
    for _ in range(options.rounds):
        outlines = silhouette_terms(problem, state, options)
        if not outlines:
            break
        terms = [*landmark_terms(problem, state), *prior_terms(problem, state), *outlines]
        state = minimise(
            Problem(terms=terms, size=state.size, retract=retract, bounds=step_bounds),
            state,
            SolverOptions(iterations=options.iterations),
        ).state
    return fit_poses(problem, state)


def silhouette_terms(
    problem: LandmarkProblem, state: HeadState, options: SilhouetteOptions | None = None
) -> list[Term[HeadState]]:
    """Return a term for each photo in which enough of the outline lies near the matte's edge."""
    options = options or SilhouetteOptions()
    terms: list[Term[HeadState]] = []
    for index, (seen, photo) in enumerate(zip(problem.observations, state.photos, strict=True)):
        window = edge_window(seen)
        edge = window.distances(seen.matte)
        pixels_per_metre = float(photo.focal / photo.camera_from_head.translation[2])
        vertices = _posed(problem.model, state, index)
        places, _ = single_precision(photo).camera.project(vertices)
        inset, _ = _own_outline(problem.model, state, index, window).at(places)
        away, slope = edge.at(places)
        chosen = (
            _bare(problem.model, options.highest)
            & (inset.abs() < options.near * pixels_per_metre)
            & (away.abs() < options.reach * pixels_per_metre)
            & (slope.norm(dim=1) > COMPETING)
        ).nonzero()[:, 0]
        if len(chosen) < FEWEST:
            continue
        samples, length = _glued(problem.model, chosen)
        evidence = SilhouetteEvidence(
            samples=samples,
            distances=edge,
            inset=inset[chosen],
            deviation=options.deviation * pixels_per_metre,
        )
        terms.append(
            Term(
                name="silhouette",
                linearise=partial(silhouette, photo=index, evidence=evidence),
                weight=min(1.0, length / options.correlation / len(chosen)),
                robust_scale=options.robust_scale,
            )
        )
    return terms


def _posed(model: HeadModel, state: HeadState, photo: int) -> Float[Tensor, "verts 3"]:
    return model.vertices(state.identity.float(), state.photos[photo].expression.float())


def _own_outline(model: HeadModel, state: HeadState, photo: int, window: EdgeWindow) -> Brightness:
    """Return the distances to the outline of the posed head itself."""
    camera = single_precision(state.photos[photo]).camera
    camera = camera.cropped(window.left, window.top, window.width, window.height)
    columns, rows = window.size
    places, depths = camera.resized(columns, rows).project(_posed(model, state, photo))
    shown = rasterize_mesh(places, depths, occluders(model), rows, columns)
    return window.distances_in_window((shown.triangles >= 0).float())


def _bare(model: HeadModel, highest: float) -> Bool[Tensor, " verts"]:
    """Return the vertices of the face that hair seldom covers."""
    names = [region.name for region in model.regions]
    face = model.region("face_wide" if "face_wide" in names else "face")
    if "mouth_interior" in names:
        face = face & ~model.region("mouth_interior")
    return face & (model.template[:, 1] < highest)


def _glued(model: HeadModel, rows: Int[Tensor, " rows"]) -> tuple[SurfaceSamples, float]:
    """Return vertices as samples, and how long the outline they make is, about, in metres."""
    moves = torch.cat([model.identity_basis[:, rows], model.expression_basis[:, rows]])
    points = model.template[rows]
    length = float((points.amax(0) - points.amin(0)).norm())
    corner = points.new_tensor([1.0, 0.0, 0.0])
    samples = SurfaceSamples(
        places=SurfacePoints(
            corners=rows[:, None].expand(-1, 3), barycentrics=corner.expand(len(rows), 3)
        ),
        mean=points,
        basis=moves.permute(1, 2, 0).contiguous(),
        area=0.0,
    )
    return samples, length
