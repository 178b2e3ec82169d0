"""How far hair hangs down over the neck, seen beside it."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.fit.hair import Tones, looked_up
from avatar.fit.head_fit import HeadFit
from avatar.fit.visible import occluders
from avatar.render.visibility import depth_map

ASIDE = (0.012, 0.02, 0.028)
"""How far from the neck hair is looked for, metres."""

BEHIND = -0.07
"""Hair hangs behind this (z in the head frame, metres): behind the ears."""

LEVEL = 0.01
"""Hair is followed down in steps of so many metres."""

LEAST_LENGTH = 0.035
"""Hair that ends less than this below the ears, metres, ends at the nape as on any head."""

LIKENESS, LEAST_SEEN = 0.55, 4
"""How much like hair a level must look on average, and how many points of it must be seen."""

END_LENGTH = 0.05
"""Hair thins out over so much of its length at its end, metres."""

GATHERED = 0.4
"""How much further back hair that hangs begins for each metre that it has come down."""

SHADE = 0.5
"""Deviation of the log brightness of hair that hangs in the shade of the head, or beside it."""

LARGEST_SIDE = 640
"""The depth test is made in a picture of at most this many pixels a side."""


def hair_below(
    fit: HeadFit, observations: Sequence[Observation], hair: Tones
) -> Bool[Tensor, " verts"]:
    """Return the vertices of nape and neck that hair hangs over.

    Beside the neck, seen past it, hair is followed from the ears down as long as what is there has
    its colour and lies within the matte; a photo in which the background shows there ends it.
    """
    model = fit.model
    names = [region.name for region in model.regions]
    nape = torch.zeros(len(model.template), dtype=torch.bool)
    if not {"ears", "scalp"} <= set(names):
        return nape
    nape[model.part("skin").faces.reshape(-1)] = True
    for name in {"face_wide", "ears", "scalp", "cut", "mouth_interior"} & set(names):
        nape &= ~model.region(name)
    nape &= (model.template[:, 2] < BEHIND) & (model.template[:, 1] < 0)
    height = fit.neutral_vertices[:, 1]
    evidence = [_beside(fit, index, seen, (nape, hair)) for index, seen in enumerate(observations)]
    like, seen = (torch.stack(layers).sum(0) for layers in zip(*evidence, strict=True))
    top = (
        float(height[model.region("ears")].min()) if "ears" in names else float(height[nape].max())
    )
    # What lies higher is beside the ears, where a bob and a pony tail look alike.
    level = ((top - height) / LEVEL).long().clamp_min(0)
    low = height < top
    like, seen = like * low, seen * low
    count = int(level[nape].max()) + 1
    total = torch.zeros(count).index_add_(0, level[nape], like[nape])
    shown = torch.zeros(count).index_add_(0, level[nape], seen[nape])
    known = shown >= LEAST_SEEN
    ended = known & (total < LIKENESS * shown)
    reach = int(torch.argmax(ended.int())) if bool(ended.any()) else count
    reach = min(reach, int(known.nonzero().max()) + 1 if bool(known.any()) else 0)
    return nape & (level < reach) if reach * LEVEL > LEAST_LENGTH else torch.zeros_like(nape)


def thinning_ends(fit: HeadFit, below: Bool[Tensor, " verts"]) -> Float[Tensor, " verts"]:
    """Return the share of hair that is left at each vertex: it thins to its end on the neck.

    `below` is what `hair_below` found; the hair is gathered towards the middle of the nape, and
    everywhere else the share is 1.
    """
    share = torch.ones(len(below))
    if not bool(below.any()):
        return share
    height, z = fit.neutral_vertices[:, 1], fit.model.template[:, 2]
    hanging = height[below]
    top, end = hanging.max(), hanging.min()
    thin = ((height - end) / END_LENGTH).clamp(0, 1) * 0.9 + 0.1
    begins = BEHIND - GATHERED * (top - height).clamp_min(0)
    back = ((begins - z) / 0.012).clamp(0, 1)
    return torch.where(below, thin * back, share)


def _beside(
    fit: HeadFit,
    index: int,
    observation: Observation,
    where: tuple[Bool[Tensor, " verts"], Tones],
) -> tuple[Float[Tensor, " verts"], Float[Tensor, " verts"]]:
    """Return how much like hair a photo is beside each vertex of the nape, and how much is seen."""
    nape, hair = where
    photo = fit.photos[index]
    vertices = fit.posed_vertices(index)
    chosen = torch.nonzero(nape)[:, 0]
    middle = vertices[chosen] * vertices.new_tensor([0.0, 1.0, 0.0])
    middle[:, 2] = vertices[chosen, 2].mean()
    outwards = functional.normalize(vertices[chosen] - middle, dim=-1)
    scale = min(1.0, LARGEST_SIDE / max(photo.camera.width, photo.camera.height))
    small = photo.camera.resized(
        max(1, round(photo.camera.width * scale)), max(1, round(photo.camera.height * scale))
    )
    nearest = depth_map(vertices, occluders(fit.model), small)
    # What passes beside the neck, far behind it: the ray must meet no part of the head at all.
    like, seen = torch.zeros(len(vertices)), torch.zeros(len(vertices))
    dimmed = 0.6 * photo.light[0].clamp_min(1e-2)
    hair = hair.in_any_light(SHADE)
    for reach in ASIDE:
        points = vertices[chosen] + reach * outwards
        free = nearest.sees(points + 0.3 * functional.normalize(points - small.position_in_world))
        places, _ = photo.camera.project(points)
        colors, matte = looked_up(observation, places)
        albedo = colors / dimmed
        usual = torch.exp(-0.5 * (hair.distance(albedo) - 3.0).clamp_min(0))
        inside = (places >= 0).all(-1) & (places[:, 0] < photo.camera.width - 1)
        inside &= places[:, 1] < photo.camera.height - 1
        shown = (free & inside).float()
        like[chosen] += usual * ((matte - 0.6) / 0.3).clamp(0, 1) * shown
        seen[chosen] += shown
    return like, seen
