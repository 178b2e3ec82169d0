"""A frame's pose and expression found anew from its picture, the splats held fixed.

The tracker sees landmarks; what it gets wrong by a degree moves a head's outline by pixels. With a
trained avatar the picture itself tells the pose, as in published monocular avatars, whose trackers
are photometric.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
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

_COARSE = 2.0
"""How much larger the steps are at half the size, at first."""

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

    `size` is the picture's longer side in pixels; `rounds` how many steps are made at it, and
    before that at half of it, where the way may be farther; `expression` lets the 52 coefficients
    move too, not only the poses of head and torso.
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
    moves = _Moves.start(expression=options.expression)
    fixed = _fixed(splats)
    found = FittedFrame(
        weights=take.weights[frame], world_from_head=take.head_at(frame), adjusted=Adjustment()
    )
    for size, first, last in (
        (options.size // 2, _COARSE, 1.0),
        (options.size, 1.0, _LAST),
    ):
        seen = _seen(take, frame, size_at(take, size))
        best = torch.inf
        adam = moves.optimizer()
        rates = [group["lr"] for group in adam.param_groups]
        for number in range(options.rounds + 1):
            moved = moves.of(take.weights[frame], take.head_at(frame))
            posed = pose_splats(fixed, rig, moved.weights, moved.world_from_head, moved.adjusted)
            drawn = draw_splats(posed, seen.camera, torch.ones(3))
            unlikely = _PLAUSIBLE * moves.change.square().sum() / 0.1**2
            loss = image_loss(drawn.features, seen.target) + unlikely
            if float(loss.detach()) < best:
                best, found = float(loss.detach()), _still(moved)
            adam.zero_grad()
            torch.autograd.backward(loss)
            share = first * (last / first) ** (number / options.rounds)
            for group, rate in zip(adam.param_groups, rates, strict=True):
                group["lr"] = rate * share
            adam.step()
    return found


@dataclass(frozen=True, kw_only=True)
class _Seen:
    camera: Camera
    target: Float[Tensor, "height width 3"]


def _seen(take: Take, frame: int, size: tuple[int, int]) -> _Seen:
    picture, matte = matted(take, frame, size)
    return _Seen(camera=take.camera.resized(*size), target=picture + (1 - matte))


@dataclass(frozen=True, kw_only=True)
class _Moves:
    """What is looked for: small motions of head and torso, a change of the coefficients."""

    turn: Float[Tensor, "3"]
    shift: Float[Tensor, "3"]
    torso_turn: Float[Tensor, "3"]
    torso_shift: Float[Tensor, "3"]
    change: Float[Tensor, "52"]

    @staticmethod
    def start(*, expression: bool) -> "_Moves":
        turn, shift, torso_turn, torso_shift = (
            torch.zeros(3, requires_grad=True) for _ in range(4)
        )
        return _Moves(
            turn=turn,
            shift=shift,
            torso_turn=torso_turn,
            torso_shift=torso_shift,
            change=torch.zeros(52, requires_grad=expression),
        )

    def optimizer(self) -> torch.optim.Adam:
        steps = [
            (self.turn, _TURN_STEP),
            (self.shift, _SHIFT_STEP),
            (self.torso_turn, _TORSO_TURN_STEP),
            (self.torso_shift, _SHIFT_STEP),
            (self.change, _WEIGHT_STEP),
        ]
        return torch.optim.Adam(
            [{"params": [value], "lr": step} for value, step in steps if value.requires_grad]
        )

    def of(self, weights: Float[Tensor, "52"], world_from_head: Transform) -> FittedFrame:
        return FittedFrame(
            weights=(weights + self.change).clamp(0, 1),
            world_from_head=world_from_head @ small_motion(self.turn, self.shift),
            adjusted=Adjustment(torso=small_motion(self.torso_turn, self.torso_shift)),
        )


def _still(found: FittedFrame) -> FittedFrame:
    torso = found.adjusted.torso
    return FittedFrame(
        weights=found.weights.detach().clone(),
        world_from_head=_held(found.world_from_head),
        adjusted=Adjustment(torso=None if torso is None else _held(torso)),
    )


def _held(pose: Transform) -> Transform:
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
