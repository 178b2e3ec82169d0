"""Where on a head hair grows and which colour it has, as far as the photos tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.harmonic_fill import harmonic_fill
from avatar.core.harmonics import sh_basis
from avatar.core.mesh import vertex_normals
from avatar.core.sample_picture import sample_picture
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

NOISE = 0.12
"""Deviation of the log of a colour that says nothing of the surface."""

MARGIN = 0.12
"""Share of a ray from the face outwards that is left out at the matte's edge."""


@dataclass(frozen=True, kw_only=True)
class HairCover:
    """Hair as the photos show it.

    `color` is its linear albedo, and the skin's own where the head is bald; `amount` is 1 where
    hair covers the skin, 0 where it does not.
    """

    color: Float[Tensor, "3"]
    amount: Float[Tensor, " verts"]


def find_hair(fit: HeadFit, observations: Sequence[Observation]) -> HairCover:
    """Return where hair covers the head, from the colours of the photos and what heads are like.

    Vertices that a photo shows, however slantingly, are told apart by whether their colour is
    nearer to the face's or to that of what frames the face within the matte; the others follow
    their neighbours, and the usual hairline where those say nothing.
    """
    model = fit.model
    skin = _skin_color(fit)
    found = [
        _framing_colors(photo, observation)
        for photo, observation in zip(fit.photos, observations, strict=True)
    ]
    colors = torch.cat(found)
    hair = _hair_colors(colors, skin)
    color = hair.median(0).values.clamp(0.004, 0.75)
    prior = usual_hair(model)
    if float(_difference(color, skin)) < BALD:
        return HairCover(color=color, amount=torch.zeros_like(prior))
    says = torch.zeros_like(prior)
    weight = torch.zeros_like(prior)
    for index, observation in enumerate(observations):
        like_hair, trust = _seen_hair(fit, index, observation, _Tones.of(hair))
        says += like_hair * trust
        weight += trust
    possible = (prior > 0).float()
    # Photos have the last word on the face; on the scalp a bald spot must be more than a shine.
    usual = 0.02 + 0.5 * (prior == 1)
    belief = torch.where(possible > 0, 0.5 * weight.clamp(0, 1) + usual, torch.ones_like(weight))
    # Ears are bare, but tell nothing of the hair around them.
    belief[model.region("ears")] = 1e-3
    values = (says + usual * prior) / (weight + usual) * possible
    amount = harmonic_fill(values[:, None], belief, model.part("skin").faces, smoothness=0.3)[:, 0]
    return HairCover(color=color, amount=((amount - 0.25) * 2).clamp(0, 1) * possible)


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
    pixels, matte = _looked_up(observation, positions)
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
class _Tones:
    """A kind of surface by the logs of its colours: a normal distribution."""

    mean: Float[Tensor, "3"]
    covariance: Float[Tensor, "3 3"]

    @staticmethod
    def of(colors: Float[Tensor, "points 3"]) -> "_Tones":
        """Return the distribution of colours, their least usual fifth left out."""
        logs = colors.clamp_min(2e-3).log()
        off = (logs - logs.median(0).values).norm(dim=-1)
        logs = logs[off <= off.quantile(0.8)]
        centred = logs - logs.mean(0)
        noise = NOISE**2 * torch.eye(3)
        return _Tones(mean=logs.mean(0), covariance=centred.T @ centred / len(logs) + noise)

    def unlikeliness(self, colors: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Return minus the log of the density, up to the same constant for all kinds."""
        off = colors.clamp_min(2e-3).log() - self.mean
        spread = (off @ torch.linalg.inv(self.covariance) * off).sum(-1)
        return 0.5 * (spread + torch.logdet(self.covariance))


def _seen_hair(
    fit: HeadFit, index: int, observation: Observation, hair: _Tones
) -> tuple[Float[Tensor, " verts"], Float[Tensor, " verts"]]:
    """Return how likely each vertex is hair by its colour in a photo, and how sure that is."""
    photo = fit.photos[index]
    vertices = fit.posed_vertices(index)
    normals = vertex_normals(vertices, fit.model.part("skin").faces)
    cosine = vertex_visibility(vertices, occluders(fit.model), photo.camera)
    shading = sh_basis(normals) @ photo.light
    shading = torch.maximum(shading, 0.35 * photo.light[0].clamp_min(1e-2))
    colors = vertex_colors(observation.photo.pixels, photo.camera, vertices) / shading
    face = fit.model.region("face") & (cosine > 0.3)
    if int(face.sum()) < 100:
        return torch.zeros_like(cosine), torch.zeros_like(cosine)
    unlike_skin = _Tones.of(colors[face]).unlikeliness(colors)
    like_hair = torch.sigmoid(unlike_skin - hair.unlikeliness(colors))
    # What is paler and brighter than the skin is its shine, unless the hair itself is.
    logs = colors.clamp_min(1e-3).log()
    usual = logs[face].median(0).values
    if float(hair.mean.mean()) < float(usual.mean()):
        brighter = ((logs - usual).mean(-1) * 4).clamp(0, 1)
        paler = ((usual[0] - usual[2] - logs[:, 0] + logs[:, 2]) * 6 + 0.5).clamp(0, 1)
        like_hair = like_hair * (1 - brighter * paler * ~fit.model.region("scalp"))
    places, _ = photo.camera.project(vertices)
    _, matte = _looked_up(observation, places)
    trust = (cosine / 0.3).clamp(0, 1) * ((matte - 0.7) / 0.25).clamp(0, 1)
    return like_hair, trust


def _looked_up(
    observation: Observation, positions: Float[Tensor, "*batch 2"]
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch"]]:
    """Return the photo's colours and its matte at pixel positions; no matte outside the photo."""
    photo = observation.photo
    size = positions.new_tensor([photo.width, photo.height])
    layers = torch.cat([photo.pixels, observation.matte[..., None]], -1)
    found = sample_picture(layers, positions.reshape(-1, 2)).reshape(*positions.shape[:-1], 4)
    inside = ((positions >= 0) & (positions <= size - 1)).all(-1)
    return found[..., :3], found[..., 3] * inside
