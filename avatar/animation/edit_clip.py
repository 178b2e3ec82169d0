"""Cutting and mixing clips."""

from dataclasses import replace

import torch

from avatar.animation.resample import resample
from avatar.core.clip import Clip
from avatar.core.errors import OptionError


def trim(clip: Clip, start: float = 0.0, end: float | None = None) -> Clip:
    """Return the part from `start` to `end` seconds of a clip's own time, starting at 0.

    Raises:
        OptionError: there is no frame in between.
    """
    last = float("inf") if end is None else end
    inside = (clip.times >= start - 1e-6) & (clip.times <= last + 1e-6)
    if not bool(inside.any()):
        length = float(clip.times[-1]) if len(clip.times) else 0.0
        raise OptionError(
            f"start, end: expected a part of the clip's {length:.2f} s, got {start} to {end}"
        )
    turns = clip.joint_rotations
    return replace(
        clip,
        times=clip.times[inside] - clip.times[inside][0],
        weights=clip.weights[inside],
        joint_rotations=None if turns is None else turns[inside],
    )


def blend(first: Clip, second: Clip, share: float | torch.Tensor) -> Clip:
    """Return a mixture at the times of `first`: 0 is all `first`, 1 all `second`.

    `share` is a number, or one for each frame; joints are those of `first`, and keep their turns
    where `second` has none of that name.

    Raises:
        OptionError: a share outside [0, 1].
    """
    shares = torch.as_tensor(share, dtype=first.weights.dtype).expand(len(first.times))
    if len(shares) and not bool(((shares >= 0) & (shares <= 1)).all()):
        raise OptionError(f"share: expected 0 to 1, got {share}")
    other = resample(second, first.times)
    weights = torch.lerp(first.weights, other.weights, shares[:, None])
    turns = first.joint_rotations
    if turns is not None and other.joint_rotations is not None:
        turns = turns.clone()
        for place, name in enumerate(first.joint_names):
            if name not in other.joint_names:
                continue
            aim = other.joint_rotations[:, other.joint_names.index(name)]
            own = turns[:, place]
            nearer = torch.where((own * aim).sum(1, keepdim=True) < 0, -aim, aim)
            mixed = torch.lerp(own, nearer, shares[:, None])
            turns[:, place] = torch.nn.functional.normalize(mixed, dim=1)
    return replace(first, weights=weights, joint_rotations=turns)


def crossfade(first: Clip, second: Clip, seconds: float) -> Clip:
    """Return `first` and then `second`, the last `seconds` of one melting into the other's first.

    Raises:
        OptionError: clips shorter than that, of no time, or with other joints than each other.
    """
    longest = min(float(c.times[-1] - c.times[0]) if len(c.times) else 0.0 for c in (first, second))
    if not 0 < seconds <= longest:
        raise OptionError(f"seconds: expected more than 0, at most {longest:.2f}, got {seconds}")
    if first.joint_names != second.joint_names:
        raise OptionError(
            f"clips: expected the same joints, got {first.joint_names} and {second.joint_names}"
        )
    begin = first.times[-1] - seconds
    later = replace(second, times=second.times - second.times[0] + begin)
    share = ((first.times - begin) / seconds).clamp(0, 1)
    melted = blend(first, later, share * share * (3 - 2 * share))
    rest = later.times > first.times[-1] + 1e-6
    turns = None
    if melted.joint_rotations is not None and later.joint_rotations is not None:
        turns = torch.cat([melted.joint_rotations, later.joint_rotations[rest]])
    return replace(
        first,
        times=torch.cat([first.times, later.times[rest]]),
        weights=torch.cat([melted.weights, later.weights[rest]]),
        joint_rotations=turns,
    )
