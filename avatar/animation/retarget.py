"""One person's performance on another head."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.animation.edit_clip import trim
from avatar.animation.resample import smooth
from avatar.animation.retarget_options import RetargetOptions
from avatar.core.arkit import ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.transform import matrix_from_quaternion, quaternion_from_matrix

_RESTING, _FULL = 0.05, 0.99
"""Shares of the frames that lie below a coefficient's rest, and below its utmost."""

_HABIT, _EXPRESSION = 0.2, 0.4
"""What lasts through a clip is this face's neutral below the one, and meant above the other."""

_EXERCISED = 0.3
_GAINS = 0.6, 1.6


@dataclass(frozen=True, kw_only=True)
class PersonRange:
    """What a person's coefficients are at rest, and at their utmost as far as was seen."""

    rest: Float[Tensor, "52"]
    utmost: Float[Tensor, "52"]

    @staticmethod
    def of(clip: Clip) -> "PersonRange":
        """Return the range that a clip shows; looks have none, since eyes rest anywhere."""
        if len(clip.times) < 2:
            none = clip.weights.new_zeros(52)
            return PersonRange(rest=none, utmost=none)
        rest, utmost = clip.weights.quantile(clip.weights.new_tensor([_RESTING, _FULL]), dim=0)
        looks = torch.tensor([name.startswith("eyeLook") for name in ARKIT_NAMES])
        meant = ((_EXPRESSION - rest) / (_EXPRESSION - _HABIT)).clamp(0, 1)
        return PersonRange(rest=torch.where(looks, 0.0, rest * meant), utmost=utmost)


def retarget(
    clip: Clip,
    joint_names: tuple[str, ...],
    options: RetargetOptions | None = None,
    target: PersonRange | None = None,
) -> Clip:
    """Return a performance for a head with these joints.

    The performer's rest becomes the head's neutral, while what was full stays full; where `target`
    is what the head's owner does, coefficients that both exercised are scaled to the owner's range,
    within limits. A joint that the head lacks hands its turn to the one after it.
    """
    options = options or RetargetOptions()
    part = smooth(trim(clip, options.start, options.end), options.smooth)
    source = PersonRange.of(clip)
    rest = source.rest if options.neutral else torch.zeros_like(source.rest)
    weights = ((part.weights - rest) / (1 - rest)).clamp_min(0)
    weights = (weights * _gains(source, target) * options.gain).clamp(0, 1)
    return onto_joints(replace(part, weights=weights), joint_names)


def onto_joints(clip: Clip, joint_names: tuple[str, ...]) -> Clip:
    """Return the clip with those of its joints that are named; the others' turns go on.

    A neck that is missing turns the head instead; what is left over is dropped.
    """
    if clip.joint_rotations is None or all(name in joint_names for name in clip.joint_names):
        return clip
    names: list[str] = []
    turns: list[Tensor] = []
    waiting: Tensor | None = None
    for name, turn in zip(clip.joint_names, clip.joint_rotations.unbind(1), strict=True):
        matrix = matrix_from_quaternion(turn)
        matrix = matrix if waiting is None else waiting @ matrix
        if name in joint_names:
            names.append(name)
            turns.append(quaternion_from_matrix(matrix))
            waiting = None
        else:
            waiting = matrix
    return replace(
        clip,
        joint_names=tuple(names),
        joint_rotations=torch.stack(turns, 1) if turns else None,
    )


def _gains(source: PersonRange, target: PersonRange | None) -> Float[Tensor, "52"]:
    if target is None:
        return torch.ones_like(source.rest)
    own = source.utmost - source.rest
    wanted = target.utmost - target.rest
    both = (own > _EXERCISED) & (wanted > _EXERCISED)
    return torch.where(both, (wanted / own.clamp_min(1e-6)).clamp(*_GAINS), 1.0)
