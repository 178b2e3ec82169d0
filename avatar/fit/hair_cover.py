"""Where on a head hair grows and which colour it has, as far as the photos tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.harmonic_fill import graph_laplacian, harmonic_fill
from avatar.core.harmonics import sh_basis
from avatar.core.mesh import vertex_normals
from avatar.fit.hair import HairCover, Tones, looked_up
from avatar.fit.hair_length import hair_below, thinning_ends
from avatar.fit.hair_sides import covered_behind_hairline, evidence_of_both_sides
from avatar.fit.head_fit import HeadFit, PhotoFit
from avatar.fit.light import vertex_colors
from avatar.fit.visible import occluders, vertex_visibility
from avatar.head.model import HeadModel

FACE_OVAL_TOP = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
"""Of the 478 points: the face's outline from the right ear over the forehead to the left one."""

MIDDLE = 168
"""Of the 478 points: the bridge of the nose."""

BALD = 0.22
"""Difference in colour (natural log) up to which what lies above a face is bald skin."""

USUAL_HAIR = 0.25
"""Albedo of hair over that of the skin where the photos show neither hair nor a bald head."""

MIN_PIXELS, MIN_SHARE = 30, 0.25
"""How many pixels must frame a face, and which part of them must not be skin, to be hair."""

MARGIN = 0.12
"""Share of a ray from the face outwards that is left out at the matte's edge."""


ROUNDS = 2
"""How often hair is told from skin, each time by the colours of the hair found before."""

LEAST_FACE = 100
"""How many vertices of the face a photo must show to tell hair from its skin."""

SURE_HAIR = 100
"""How many vertices must surely show hair for its colours to be taken from them."""

LEAST_EAR = 2.0
"""Trust in what photos show of an ear, summed over its vertices, from which it counts as seen."""

EARS_COVERED = 0.5
"""Share of an ear that must have the colour of hair to lie under it."""

IN_DISPUTE = 2.0
"""Weight of the usual hairline where the photos say hair on one side and skin on the other."""


def find_hair(fit: HeadFit, observations: Sequence[Observation]) -> HairCover:
    """Return where hair covers the head, from the colours of the photos and what heads are like.

    Vertices that a photo shows, however slantingly, are told apart by whether their colour is
    nearer to the face's or to that of what frames the face within the matte, and then to that of
    the hair so found; the others follow their neighbours, and the usual hairline where those say
    nothing.
    """
    model = fit.model
    skin = _skin_color(fit)
    found = [
        _framing_colors(photo, observation)
        for photo, observation in zip(fit.photos, observations, strict=True)
    ]
    hair = _hair_colors(torch.cat(found), skin)
    color = hair.median(0).values.clamp(0.004, 0.75)
    prior = usual_hair(model)
    nowhere = torch.zeros_like(prior, dtype=torch.bool)
    if float(_difference(color, skin)) < BALD:
        return HairCover(color=color, amount=torch.zeros_like(prior), ears=nowhere)
    views = [_seen(fit, index, seen) for index, seen in enumerate(observations)]
    weight = torch.stack([view.trust for view in views]).sum(0)
    tones = Tones.of(hair)
    says = _said(views, model, tones)
    for _ in range(ROUNDS - 1):
        tones = _tones_of_found(views, prior * says / weight.clamp_min(1e-6)) or tones
        says = _said(views, model, tones)
    ears = _covered_ears(model, says, weight)
    says, weight, dispute = evidence_of_both_sides(model, says, weight)
    below = hair_below(fit, observations, tones)
    prior = torch.where(ears | below, 0.85, prior)
    usual = 0.02 + 0.5 * (prior == 1) + 2.0 * below + IN_DISPUTE * dispute
    amount = _amount(model, prior, (says, weight), usual)
    amount = _without_holes(model, covered_behind_hairline(model, amount, prior > 0), prior)
    return HairCover(color=color, amount=amount * thinning_ends(fit, below), ears=ears)


def _amount(
    model: HeadModel,
    prior: Float[Tensor, " verts"],
    evidence: tuple[Float[Tensor, " verts"], Float[Tensor, " verts"]],
    usual: Float[Tensor, " verts"],
) -> Float[Tensor, " verts"]:
    """Return how far hair covers each vertex, from what photos say, how surely, and the prior.

    `usual` is the weight of the prior: photos have the last word on the face; on the scalp a bald
    spot must be more than a shine.
    """
    says, weight = evidence
    possible = (prior > 0).float()
    belief = torch.where(possible > 0, 0.5 * weight.clamp(0, 1) + usual, torch.ones_like(weight))
    # Ears are bare, but tell nothing of the hair around them.
    belief[model.region("ears") & (possible == 0)] = 1e-3
    values = (says + usual * prior) / (weight + usual) * possible
    amount = harmonic_fill(values[:, None], belief, model.part("skin").faces, smoothness=0.3)[:, 0]
    return ((amount - 0.25) * 2).clamp(0, 1) * possible


def _without_holes(
    model: HeadModel, amount: Float[Tensor, " verts"], prior: Float[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Cover what is bare in the midst of hair: it shines, or lies behind it."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - slow to import

    bare = amount < 0.5
    faces = model.part("skin").faces
    laplacian = graph_laplacian(faces[bare[faces].all(1)], len(amount))
    _, pieces = connected_components(laplacian, directed=False)
    pieces = torch.from_numpy(pieces).long()
    outside = torch.zeros(int(pieces.max()) + 1, dtype=torch.bool)
    outside[pieces[bare & (prior == 0)]] = True
    return torch.where(bare & ~outside[pieces], torch.ones_like(amount), amount)


def _covered_ears(
    model: HeadModel, says: Float[Tensor, " verts"], weight: Float[Tensor, " verts"]
) -> Bool[Tensor, " verts"]:
    """Return the vertices of the ears that hair hides; an unseen ear is as the other one."""
    names = [region.name for region in model.regions]
    covered = torch.zeros(len(says), dtype=torch.bool)
    if "ears" not in names or "scalp" not in names:
        return covered
    ears, left = model.region("ears"), model.template[:, 0] > 0
    shares: list[float | None] = []
    for side in (left, ~left):
        seen = float(weight[ears & side].sum())
        shares.append(float(says[ears & side].sum()) / seen if seen > LEAST_EAR else None)
    for share, other, side in zip(shares, shares[::-1], (left, ~left), strict=True):
        known = share if share is not None else other
        also = other if other is not None else share
        # One ear alone is more often lit from behind than covered.
        if known is not None and also is not None and min(known, 2 * also) > EARS_COVERED:
            covered |= ears & side
    return covered


def usual_hair(model: HeadModel) -> Float[Tensor, " verts"]:
    """Return how likely hair covers each vertex of an average head, 0 where none can grow.

    The scalp, and less surely the temples, the sideburns, and what a fringe hides. Models without
    a region `scalp` have no hair.
    """
    names = [region.name for region in model.regions]
    likely = torch.zeros(len(model.template))
    if "scalp" not in names:
        return likely
    x, y, z = model.template.unbind(1)
    barred = torch.zeros(len(likely), dtype=torch.bool)
    for name in ("ears", "neck", "shoulders", "nose", "lips", "eyelids", "mouth_interior", "cut"):
        if name in names:
            barred |= model.region(name)
    around = _on_skin(model) & ~barred & (y > 0.02 - 1.2 * (x.abs() - 0.062).clamp_min(0) / 0.02)
    around &= (y > -0.045) & ((y > 0.045) | (x.abs() > 0.055))
    likely[around] = 0.35
    side = around & (z < 0.0) & (y > -0.012)
    likely[side] = 0.85
    likely[model.region("scalp") & ~barred] = 1.0
    return likely


def _on_skin(model: HeadModel) -> Bool[Tensor, " verts"]:
    mask = torch.zeros(len(model.template), dtype=torch.bool)
    mask[model.part("skin").faces.reshape(-1)] = True
    return mask


def _skin_color(fit: HeadFit) -> Float[Tensor, "3"]:
    face = fit.model.region("face")
    visible = torch.stack([photo.visibility for photo in fit.photos]).amax(0) > 0.3
    chosen = face & visible if bool((face & visible).any()) else face
    return fit.albedo[chosen].median(0).values.clamp_min(1e-3)


def _difference(colors: Float[Tensor, "*points 3"], other: Float[Tensor, "3"]) -> Tensor:
    """Return how differently coloured things are: the logs' distance, brightness counting half."""
    ratio = (colors.clamp_min(2e-3) / other.clamp_min(2e-3)).log()
    brightness = ratio.mean(-1, keepdim=True)
    return ((ratio - brightness).square().sum(-1) + 0.5 * brightness[..., 0] ** 2).sqrt()


def _framing_colors(photo: PhotoFit, observation: Observation) -> Float[Tensor, "pixels 3"]:
    """Return the albedo of what lies between the face's outline and the matte's, all round."""
    middle = observation.landmarks[MIDDLE]
    outline = observation.landmarks[list(FACE_OVAL_TOP)]
    steps = torch.linspace(1.0, 2.2, 64)
    positions = middle + (outline - middle)[:, None] * steps[None, :, None]
    pixels, matte = looked_up(observation, positions)
    extent = (matte > 0.8).long().cumprod(1).sum(1, keepdim=True)
    number = torch.arange(len(steps))[None]
    frame = (number >= 2) & (number < (1 - MARGIN) * extent - 1) & (extent > 4)
    # Rays meet the head from its side to its top: light from there, and half the camera's way.
    ahead = functional.normalize(photo.camera.position_in_world, dim=0)
    up = ahead.new_tensor([0.0, 1.0, 0.0])
    shading = sh_basis(functional.normalize(up + ahead, dim=0)) @ photo.light
    floor = 0.3 * photo.light[0].clamp_min(1e-2)
    return pixels[frame] / torch.maximum(shading, floor)


def _hair_colors(
    framing: Float[Tensor, "pixels 3"], skin: Float[Tensor, "3"]
) -> Float[Tensor, "colors 3"]:
    """Return colours of hair: what frames the face without being skin, or all if most is skin."""
    if len(framing) < MIN_PIXELS:
        shades = torch.linspace(0.5, 1.5, MIN_PIXELS)[:, None]
        return USUAL_HAIR * skin * shades
    unlike = _difference(framing, skin)
    if float((unlike > BALD).float().mean()) < MIN_SHARE:
        return framing
    return framing[(unlike > BALD) & (unlike >= unlike.quantile(0.3))]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a photo shows at the vertices: linear colours without the light, and the trust in them.

    `face` are the vertices of the face that it shows.
    """

    colors: Float[Tensor, "verts 3"]
    trust: Float[Tensor, " verts"]
    face: Bool[Tensor, " verts"]

    def like_hair(self, model: HeadModel, hair: Tones) -> Float[Tensor, " verts"]:
        """Return how likely each vertex is hair by its colour."""
        if int(self.face.sum()) < LEAST_FACE:
            return torch.zeros_like(self.trust)
        unlike_skin = Tones.of(self.colors[self.face]).unlikeliness(self.colors)
        like_hair = torch.sigmoid(unlike_skin - hair.unlikeliness(self.colors))
        # What is paler and brighter than the skin is its shine, unless the hair itself is.
        logs = self.colors.clamp_min(1e-3).log()
        usual = logs[self.face].median(0).values
        if float(hair.mean.mean()) < float(usual.mean()):
            brighter = ((logs - usual).mean(-1) * 4).clamp(0, 1)
            paler = ((usual[0] - usual[2] - logs[:, 0] + logs[:, 2]) * 6 + 0.5).clamp(0, 1)
            like_hair = like_hair * (1 - brighter * paler * ~model.region("scalp"))
        return like_hair


def _seen(fit: HeadFit, index: int, observation: Observation) -> _Seen:
    photo = fit.photos[index]
    vertices = fit.posed_vertices(index)
    normals = vertex_normals(vertices, fit.model.part("skin").faces)
    cosine = vertex_visibility(vertices, occluders(fit.model), photo.camera)
    shading = sh_basis(normals) @ photo.light
    shading = torch.maximum(shading, 0.35 * photo.light[0].clamp_min(1e-2))
    colors = vertex_colors(observation.photo.pixels, photo.camera, vertices) / shading
    places, _ = photo.camera.project(vertices)
    _, matte = looked_up(observation, places)
    trust = (cosine / 0.3).clamp(0, 1) * ((matte - 0.7) / 0.25).clamp(0, 1)
    face = fit.model.region("face") & (cosine > 0.3)
    if int(face.sum()) < LEAST_FACE:
        trust = torch.zeros_like(trust)
    return _Seen(colors=colors, trust=trust, face=face)


def _said(views: Sequence[_Seen], model: HeadModel, hair: Tones) -> Float[Tensor, " verts"]:
    return torch.stack([view.like_hair(model, hair) * view.trust for view in views]).sum(0)


def _tones_of_found(views: Sequence[_Seen], amount: Float[Tensor, " verts"]) -> Tones | None:
    """Return the tones of what surely is hair, None where there is too little of it."""
    found = torch.cat([view.colors[(amount > 0.8) & (view.trust > 0.5)] for view in views])
    return Tones.of(found) if len(found) > SURE_HAIR else None
