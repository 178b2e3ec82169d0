"""Frames of a live performance as one clip."""

from collections.abc import Sequence

import torch

from avatar.core.clip import Clip
from avatar.core.errors import OptionError


def join_frames(frames: Sequence[Clip], name: str = "take") -> Clip:
    """Return clips of one frame, in order, as one clip that starts at 0; joints as in the first.

    Raises:
        OptionError: there are none.
    """
    if not frames:
        raise OptionError("frames: expected at least one, got none")
    times = torch.cat([frame.times for frame in frames])
    turns = [frame.joint_rotations for frame in frames if frame.joint_rotations is not None]
    return Clip(
        times=times - times[0],
        weights=torch.cat([frame.weights for frame in frames]),
        joint_names=frames[0].joint_names,
        joint_rotations=torch.cat(turns) if turns else None,
        name=name,
    )
