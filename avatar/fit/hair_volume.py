"""The room hair takes: the scalp moved out to the outline the photos show."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.harmonic_fill import harmonic_fill
from avatar.core.mesh import vertex_normals
from avatar.fit.head_fit import HeadFit, PhotoFit
from avatar.head.model import HeadModel

MOST_HAIR = 0.045
"""Hair is not believed to be thicker than this, metres; what goes on is somebody's shoulder."""

STEPS = 46
"""How many places between the scalp and there are looked at: a millimetre apart."""

RIM = 0.35
"""Cosine of the view angle up to which a vertex counts as part of the outline."""


def with_hair_volume(fit: HeadFit, observations: Sequence[Observation]) -> HeadFit:
    """Return the fit with offsets that take the scalp out to the hair's outline.

    Where the head turns away from the camera, a vertex of the scalp is moved outwards as far as
    the matte reaches; between, behind and above, the smoothest thickness that agrees with those is
    taken, zero at the hairline. Models without a region `scalp` and mattes without confidence
    change nothing.
    """
    model = fit.model
    if "scalp" not in [region.name for region in model.regions]:
        return fit
    neutral = fit.neutral_vertices
    outwards = _outwards(neutral)
    total = torch.zeros(len(neutral))
    weight = torch.zeros(len(neutral))
    for index, (photo, observation) in enumerate(zip(fit.photos, observations, strict=True)):
        thickness, trust = _seen_thickness(fit, index, photo, observation, outwards)
        total += thickness * trust
        weight += trust
    if float(weight.sum()) < 1:
        return fit
    seen = total / weight.clamp_min(1e-6)
    thickness = _spread(model, seen, weight.clamp(0, 1))
    return replace(fit, offsets=fit.offsets + outwards * thickness[:, None])


def _outwards(vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Directions from an axis inside the skull: smooth, so that no two vertices cross."""
    low, high = vertices.amin(0), vertices.amax(0)
    center = torch.stack([vertices[:, 0].mean() * 0, high[1] * 0.35, (low[2] + high[2]) / 2 - 0.01])
    return functional.normalize(vertices - center, dim=-1)


def _seen_thickness(
    fit: HeadFit,
    index: int,
    photo: PhotoFit,
    observation: Observation,
    outwards: Float[Tensor, "verts 3"],
) -> tuple[Float[Tensor, " verts"], Float[Tensor, " verts"]]:
    """How far outwards the matte reaches at each vertex (metres), and the trust in it."""
    vertices = fit.posed_vertices(index)
    normals = vertex_normals(vertices, fit.model.part("skin").faces)
    to_camera = functional.normalize(photo.camera.position_in_world - vertices, dim=-1)
    cosine = (normals * to_camera).sum(-1)
    rim = (1 - cosine.abs() / RIM).clamp(0, 1) * fit.model.region("scalp")
    chosen = torch.nonzero(rim)[:, 0]
    reach = torch.linspace(0, MOST_HAIR, STEPS)
    places = vertices[chosen, None] + outwards[chosen, None] * reach[None, :, None]
    pixels, _ = photo.camera.project(places.reshape(-1, 3))
    camera = photo.camera
    inside = (pixels >= 0) & (pixels <= pixels.new_tensor([camera.width - 1, camera.height - 1]))
    grid = (pixels + 0.5) / pixels.new_tensor([camera.width, camera.height]) * 2 - 1
    matte = functional.grid_sample(
        observation.matte[None, None], grid[None, None], align_corners=False
    )[0, 0, 0].reshape(len(chosen), STEPS)
    covered = (matte > 0.5).long().cumprod(1).sum(1)
    in_picture = inside.all(-1).reshape(len(chosen), STEPS).all(1)
    # Hair that goes on and on is long hair, or a neighbour: half of the limit is a fair guess.
    endless = covered == STEPS
    found = reach[(covered - 1).clamp_min(0)]
    found = torch.where(endless, torch.full_like(found, MOST_HAIR / 2), found)
    trust = rim[chosen] * in_picture * torch.where(endless, 0.3, 1.0) * observation.matte_confidence
    thickness, all_trust = torch.zeros(len(vertices)), torch.zeros(len(vertices))
    thickness[chosen], all_trust[chosen] = found, trust
    return thickness, all_trust


def _spread(
    model: HeadModel, seen: Float[Tensor, " verts"], trust: Float[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Carry the thickness over the scalp, zero at the hairline; twice, so that nothing creases."""
    scalp = model.region("scalp")
    faces = model.part("skin").faces
    typical = (seen * trust).sum() / trust.sum().clamp_min(1e-6)
    values = torch.where(trust > 0, seen, typical)
    values = torch.where(scalp, values, torch.zeros_like(values))
    belief = torch.where(scalp, 0.3 * trust + 0.01, torch.ones_like(trust))
    once = harmonic_fill(values[:, None], belief, faces, smoothness=1.0)
    again = harmonic_fill(
        torch.where(scalp[:, None], once, torch.zeros_like(once)),
        torch.where(scalp, torch.tensor(0.15), torch.tensor(1.0)),
        faces,
        smoothness=1.0,
    )
    return again[:, 0].clamp(0, MOST_HAIR)
