"""A patch of a head's skin on which fields are spread smoothly."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.head.model import HeadModel
from avatar.head.parts.smooth_field import smoothed_field


@dataclass(frozen=True, kw_only=True)
class SkinPatch:
    """Skin vertices and their triangles, which index them; `border` is held in place."""

    members: Int[Tensor, " members"]
    faces: Int[Tensor, "faces 3"]
    border: Bool[Tensor, " members"]


def skin_patch(model: HeadModel, chosen: Bool[Tensor, " verts"]) -> SkinPatch:
    """Return the patch of the chosen vertices that belong to the skin."""
    skin = model.part("skin").faces
    on_skin = torch.zeros_like(chosen)
    on_skin[skin.flatten()] = True
    members = (chosen & on_skin).nonzero()[:, 0]
    local = torch.full((len(chosen),), -1)
    local[members] = torch.arange(len(members))
    touching = local[skin]
    faces = touching[(touching >= 0).all(1)]
    cut = touching[(touching < 0).any(1)]
    border = torch.ones(len(members), dtype=torch.bool)
    border[faces.flatten()] = False
    border[cut[cut >= 0]] = True
    return SkinPatch(members=members, faces=faces, border=border)


def spread_over_patch(
    patch: SkinPatch,
    field: Float[Tensor, "members channels"],
    held: Bool[Tensor, " members"],
    faithfulness: float,
) -> Float[Tensor, "members channels"]:
    """Return the field smoothed over the patch, `held` vertices and the border kept."""
    return smoothed_field(field, patch.faces, held | patch.border, faithfulness)
