"""Fit a head model's parts and shapes to a person: eyes between the lids, lids that close."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.model import HeadModel
from avatar.head.parts.lid_frame import lid_frame, part_vertices
from avatar.head.parts.lids import closed_eye
from avatar.head.parts.rims import SIDES
from avatar.head.parts.settle_eyes import has_lids, settled_eyes
from avatar.head.parts.settle_lips import settled_lips


def settled(model: HeadModel, vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Return a person's neutral head with eyeballs against their lids and lips that touch.

    To be called once a person's shape is known and before `personal_morphs`; moves are of the
    order of a millimetre. Models without the regions of lids and lips come back unchanged.
    """
    return settled_lips(model, settled_eyes(model, vertices))


def personal_morphs(
    model: HeadModel, vertices: Float[Tensor, "verts 3"]
) -> Float[Tensor, "52 verts 3"]:
    """Return the 52 ARKit displacements made to fit this person's neutral head.

    A linear model's shapes are the same for everybody; here blinks close this person's lids over
    this person's eyeballs, and looks turn balls of this person's size. `vertices` should come from
    `settled`. Models without lid regions keep their own shapes.
    """
    morphs = model.expression_basis.to(vertices).clone()
    if not has_lids(model):
        return morphs
    for side in SIDES:
        morphs[ARKIT_INDEX[f"eyeBlink{side.capitalize()}"]] = closed_eye(model, vertices, side)
        size = lid_frame(model, vertices, side).radius
        size = size / lid_frame(model, model.template, side).radius
        for name in (f"eye_{side}", f"cornea_{side}"):
            morphs[:, part_vertices(model, name)] *= torch.tensor(size).to(vertices)
    return morphs


def at_rest(model: HeadModel) -> HeadModel:
    """Return the model with a settled template and with shapes that fit it.

    What `settled` and `personal_morphs` do for a person, done for the average head; the origin
    stays midway between the eyeballs where the model has them.
    """
    template = settled(model, model.template)
    eyes = [joint for joint, name in enumerate(model.joint_names) if name.startswith("eye_")]
    if eyes:
        template = template - (model.joint_regressor[eyes] @ template).mean(0)
    resting = replace(model, template=template)
    return replace(resting, expression_basis=personal_morphs(resting, template))
