"""The room hair takes: the scalp moved out to the outline the photos show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.harmonic_fill import harmonic_fill
from avatar.core.mesh import vertex_normals
from avatar.core.sample_picture import sample_picture
from avatar.fit.hair_cover import find_hair
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel

MOST_HAIR = 0.045
"""Hair is not believed to be thicker than this, metres; what goes on is somebody's shoulder."""

ENDLESS_HAIR = 0.012
"""Thickness of hair whose end is not seen, metres."""

STEPS = 46
"""How many places between the scalp and there are looked at: a millimetre apart."""

ROUNDS = 2
"""How often the outline is looked at, each time with the hair found before."""

LEAST_RISE = 0.3
"""Hair nearer to the hairline than this (see `_rise`) tells nothing of the rest."""

FULL_ASIDE, FULL_AHEAD = 0.025, 0.06
"""How far behind the hairline hair is as thick as anywhere, metres, at the sides and elsewhere."""

COVERED = 0.7
"""Matte from which hair is hair and not a few hairs standing out."""

SURE_MATTE = 0.6
"""Confidence from which a matte is believed to cover all of the hair."""

UPRIGHT = 0.6
"""How nearly level the hair lifts off below the middle of the skull, 0 to 1."""

RIM = 0.35
"""Cosine of the view angle up to which a vertex counts as part of the outline."""


def with_hair_volume(fit: HeadFit, observations: Sequence[Observation]) -> HeadFit:
    """Return the fit with offsets that take the scalp out to the hair's outline.

    Where the head turns away from the camera and hair covers it, a vertex is moved outwards as far
    as the matte reaches; between, behind and above, the smoothest thickness that agrees with those
    is taken, rising from nothing at the hairline. Models without a region `scalp`, bald heads and
    mattes without confidence change nothing.
    """
    cover = find_hair(fit, observations)
    fit = replace(fit, hair=cover)
    if float(cover.amount.sum()) < 1:
        return fit
    fit = replace(fit, offsets=fit.offsets + _flat_ears(fit, cover.ears))
    neutral = fit.neutral_vertices
    outwards = _outwards(neutral)
    rise = _rise(fit.model, neutral, cover.amount)
    room = torch.full_like(rise, MOST_HAIR)
    for index, observation in enumerate(observations):
        room = torch.minimum(room, _room(fit, index, observation, outwards))
    thickness = torch.zeros(len(neutral))
    for _ in range(ROUNDS):
        # Thick hair shows another outline than the bare head: what is on it is looked for anew.
        total = torch.zeros(len(neutral))
        weight = torch.zeros(len(neutral))
        hair = _Hair(outwards=outwards, rise=rise, offsets=outwards * thickness[:, None])
        for index, observation in enumerate(observations):
            found, trust = _seen_thickness(fit, index, observation, hair)
            total += found * trust
            weight += trust
        if float(weight.sum()) < 1:
            return fit
        fullest = _spread(fit.model, total / weight.clamp_min(1e-6), weight.clamp(0, 1))
        thickness = torch.minimum(fullest * rise, room)
    for smoothness in (0.5, 0.15):
        thickness = _softened(fit.model, torch.minimum(thickness, room), rise, smoothness)
    return replace(fit, offsets=fit.offsets + outwards * thickness[:, None])


@dataclass(frozen=True, kw_only=True)
class _Hair:
    """What is known of the hair: its directions, its share of fullness and its offsets, metres."""

    outwards: Float[Tensor, "verts 3"]
    rise: Float[Tensor, " verts"]
    offsets: Float[Tensor, "verts 3"]


def _flat_ears(fit: HeadFit, ears: Bool[Tensor, " verts"]) -> Float[Tensor, "verts 3"]:
    """Return how the ears under the hair move to lie against the head."""
    if not bool(ears.any()):
        return torch.zeros_like(fit.offsets)
    neutral = fit.neutral_vertices
    faces = fit.model.part("skin").faces
    flat = harmonic_fill(neutral, (~ears).float(), faces, smoothness=1e-3)
    return torch.where(ears[:, None], flat - neutral, torch.zeros_like(neutral))


def _outwards(vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Directions from a point in the skull and, below it, almost level ones from the axis.

    They are smooth, so that no two vertices cross.
    """
    low, high = vertices.amin(0), vertices.amax(0)
    center = torch.stack([vertices[:, 0].mean() * 0, high[1] * 0.35, (low[2] + high[2]) / 2 - 0.01])
    below = (center[1] - vertices[:, 1]).clamp_min(0)
    directions = vertices - center
    directions[:, 1] += UPRIGHT * below
    return functional.normalize(directions, dim=-1)


def _seen_thickness(
    fit: HeadFit, index: int, observation: Observation, hair: _Hair
) -> tuple[Float[Tensor, " verts"], Float[Tensor, " verts"]]:
    """How thick full hair would be for the matte's reach at each vertex (metres), and the trust."""
    photo, outwards = fit.photos[index], hair.outwards
    vertices = fit.posed_vertices(index)
    grown = vertices + hair.offsets
    normals = vertex_normals(grown, fit.model.part("skin").faces)
    to_camera = functional.normalize(photo.camera.position_in_world - grown, dim=-1)
    cosine = (normals * to_camera).sum(-1)
    rim = (1 - cosine.abs() / RIM).clamp(0, 1) * ((hair.rise - LEAST_RISE) / 0.3).clamp(0, 1)
    chosen = torch.nonzero(rim)[:, 0]
    covered, in_picture = _followed(fit, index, observation, (vertices, outwards), chosen)
    # Hair that goes on and on is long hair, which hangs close to the head, or a neighbour.
    endless = covered == STEPS
    found = _reach()[(covered - 1).clamp_min(0)]
    found = torch.where(endless, torch.full_like(found, ENDLESS_HAIR), found)
    trust = rim[chosen] * in_picture * torch.where(endless, 0.3, 1.0) * observation.matte_confidence
    thickness, all_trust = torch.zeros(len(vertices)), torch.zeros(len(vertices))
    thickness[chosen], all_trust[chosen] = found / hair.rise[chosen], trust
    return thickness, all_trust


def _room(
    fit: HeadFit, index: int, observation: Observation, outwards: Float[Tensor, "verts 3"]
) -> Float[Tensor, " verts"]:
    """How thick hair can be without leaving the matte anywhere, metres (a visual hull)."""
    vertices = fit.posed_vertices(index)
    everywhere = torch.arange(len(vertices))
    covered, in_picture = _followed(fit, index, observation, (vertices, outwards), everywhere)
    if observation.matte_confidence < SURE_MATTE:
        return torch.full((len(vertices),), MOST_HAIR)
    return torch.where(in_picture, _reach()[(covered - 1).clamp_min(0)], MOST_HAIR)


def _reach() -> Float[Tensor, " steps"]:
    return torch.linspace(0, MOST_HAIR, STEPS)


def _followed(
    fit: HeadFit,
    index: int,
    observation: Observation,
    lines: tuple[Float[Tensor, "verts 3"], Float[Tensor, "verts 3"]],
    chosen: Int[Tensor, " chosen"],
) -> tuple[Int[Tensor, " chosen"], Bool[Tensor, " chosen"]]:
    """How many of the `STEPS` outwards lie in the matte, and whether all are in the picture.

    `lines` are where each vertex's steps begin and their direction.
    """
    camera = fit.photos[index].camera
    starts, outwards = lines
    places = starts[chosen, None] + outwards[chosen, None] * _reach()[None, :, None]
    pixels, _ = camera.project(places.reshape(-1, 3))
    size = pixels.new_tensor([camera.width, camera.height])
    inside = ((pixels >= 0) & (pixels <= size - 1)).all(-1).reshape(len(chosen), STEPS).all(1)
    matte = sample_picture(observation.matte[..., None], pixels).reshape(len(chosen), STEPS)
    return (matte > COVERED).long().cumprod(1).sum(1), inside


def _spread(
    model: HeadModel, seen: Float[Tensor, " verts"], trust: Float[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Carry the thickness from the outline over the whole head; twice, so that nothing creases."""
    faces = model.part("skin").faces
    once = harmonic_fill(seen[:, None], 0.4 * trust + 1e-5, faces, smoothness=1.0)
    even = torch.full_like(trust, 0.3)
    return harmonic_fill(once, even, faces, smoothness=1.0)[:, 0].clamp(0, 1.5 * MOST_HAIR)


def _softened(
    model: HeadModel,
    thickness: Float[Tensor, " verts"],
    rise: Float[Tensor, " verts"],
    smoothness: float,
) -> Float[Tensor, " verts"]:
    """Take the steps out of the hair's surface without lifting the skin around it."""
    belief = torch.where(rise > 0, 0.5, 1.0)
    faces = model.part("skin").faces
    return harmonic_fill(thickness[:, None], belief, faces, smoothness=smoothness)[:, 0]


def _rise(
    model: HeadModel, vertices: Float[Tensor, "verts 3"], amount: Float[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Return how full the hair is: 0 at the hairline and outside, 1 a few centimetres behind it."""
    from scipy.spatial import KDTree  # noqa: PLC0415 - scipy.spatial is slow to import

    skin = model.part("skin").faces.unique()
    bare = skin[amount[skin] < 0.5]
    distance = torch.from_numpy(KDTree(vertices[bare].numpy()).query(vertices.numpy())[0])
    # At the sides hair stands off at once; over the forehead and the nape it lies close.
    directions = _outwards(vertices)
    aside = directions[:, 0].square() * (1 + 2 * directions[:, 1]).clamp(0, 1)
    share = (distance.to(vertices) / (FULL_AHEAD + (FULL_ASIDE - FULL_AHEAD) * aside)).clamp(0, 1)
    full = harmonic_fill(
        (share * (2 - share))[:, None],
        torch.where(amount < 0.5, 1.0, 0.2),
        model.part("skin").faces,
        smoothness=0.3,
    )[:, 0]
    return full * (amount >= 0.5)
