"""A frame's pose and expression found anew from its picture, the splats held fixed.

The tracker sees landmarks; what it gets wrong by a degree moves a head's outline by pixels. With a
trained avatar the picture itself tells the pose, as in published monocular avatars, whose trackers
are photometric.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.pose_splats import Adjustment, SplatRig, pose_splats
from avatar.core.splats import Splats
from avatar.core.transform import Transform
from avatar.gaussian.parameters import small_motion
from avatar.gaussian.take import Take, matted, size_at
from avatar.ops.image_loss import image_loss
from avatar.render.draw_splats import draw_splats

_TURN_STEP, _SHIFT_STEP, _WEIGHT_STEP = 2e-3, 4e-4, 1e-2
"""Steps at first: radians, metres, coefficients."""

_TORSO_TURN_STEP = 7e-4

_LAST = 0.1
"""What is left of the steps at the end."""

_PLAUSIBLE = 2e-5
"""How strongly coefficients are held to the tracked ones."""


@dataclass(frozen=True, kw_only=True)
class FittedFrame:
    """A frame's weights and `world_from_head`, and how the torso stands."""

    weights: Float[Tensor, "52"]
    world_from_head: Transform
    adjusted: Adjustment


@dataclass(frozen=True, kw_only=True)
class FrameFitOptions:
    """How a frame is fitted.

    `size` is the picture's longer side in pixels; `rounds` how many steps are made; `expression`
    lets the 52 coefficients move too, not only the poses of head and torso.
    """

    size: int = 256
    rounds: int = 30
    expression: bool = True


def fit_frame(
    splats: Splats,
    rig: SplatRig,
    take: Take,
    frame: int,
    options: FrameFitOptions | None = None,
) -> FittedFrame:
    """Return the weights and poses with which the splats match a frame best.

    Starts from the take's; the picture is compared over white.
    """
    options = options or FrameFitOptions()
    size = size_at(take, options.size)
    picture, matte = matted(take, frame, size)
    background = torch.ones(3)
    target = picture + (1 - matte)
    camera = take.camera.resized(*size)
    tracked, pose = take.weights[frame], take.head_at(frame)
    turn, shift, torso_turn, torso_shift = (torch.zeros(3, requires_grad=True) for _ in range(4))
    change = torch.zeros(52, requires_grad=options.expression)
    steps = [
        (turn, _TURN_STEP),
        (shift, _SHIFT_STEP),
        (torso_turn, _TORSO_TURN_STEP),
        (torso_shift, _SHIFT_STEP),
    ]
    if options.expression:
        steps.append((change, _WEIGHT_STEP))
    adam = torch.optim.Adam([{"params": [value], "lr": step} for value, step in steps])
    fixed = _fixed(splats)
    best = torch.inf
    found = FittedFrame(weights=tracked, world_from_head=pose, adjusted=Adjustment())
    for number in range(options.rounds + 1):
        moved = pose @ small_motion(turn, shift)
        weights = (tracked + change).clamp(0, 1)
        torso = small_motion(torso_turn, torso_shift)
        posed = pose_splats(fixed, rig, weights, moved, Adjustment(torso=torso))
        drawn = draw_splats(posed, camera, background)
        loss = image_loss(drawn.features, target) + _PLAUSIBLE * change.square().sum() / 0.1**2
        if float(loss.detach()) < best:
            best = float(loss.detach())
            found = FittedFrame(
                weights=weights.detach().clone(),
                world_from_head=_still(moved),
                adjusted=Adjustment(torso=_still(torso)),
            )
        adam.zero_grad()
        torch.autograd.backward(loss)
        for group, (_, step) in zip(adam.param_groups, steps, strict=True):
            group["lr"] = step * _LAST ** (number / options.rounds)
        adam.step()
    return found


def _still(pose: Transform) -> Transform:
    return Transform(
        rotation=pose.rotation.detach().clone(), translation=pose.translation.detach().clone()
    )


def _fixed(splats: Splats) -> Splats:
    """Return the splats without gradients: only the pose is looked for."""
    return replace(
        splats,
        **{
            name: getattr(splats, name).detach()
            for name in ("means", "rotations", "scales", "opacities", "colors", "head_shares")
        },
    )
