"""The average head as an avatar, for voices that come without a face."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.material import Material
from avatar.create.assemble import rigged_head
from avatar.head.model import HeadModel
from avatar.head.parts.textures import part_materials
from avatar.head.registry import DEFAULT_MODEL, load_model

SKIN = (0.46, 0.27, 0.19, 1.0)
"""Linear RGB of untanned skin, in the middle of what photos show."""

IRIS = (0.13, 0.09, 0.05)
HAIR = (0.03, 0.02, 0.015)


def default_head(model: HeadModel | None = None) -> Avatar:
    """Return the average of the head model in plain skin; ModelError as `load_model`."""
    model = model or load_model(DEFAULT_MODEL)
    return plain_head(model, model.template, "default")


def plain_head(model: HeadModel, neutral: Float[Tensor, "verts 3"], name: str) -> Avatar:
    """Return a head of this shape in plain skin, its lids and lips fitted to it."""
    used = {part.material for part in model.parts}
    known = {m.name: m for m in part_materials(torch.tensor(IRIS), torch.tensor(HAIR))}
    known["skin"] = Material(name="skin", base_color=SKIN, roughness=0.5)
    materials = tuple(known.get(part, Material(name=part)) for part in sorted(used))
    return rigged_head(model, neutral, materials, name)
