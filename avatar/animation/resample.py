"""A clip at other times, and a clip made smoother."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.clip import Clip
from avatar.core.errors import OptionError


def resample(clip: Clip, times: Float[Tensor, " frames"]) -> Clip:
    """Return the clip at other rising times (seconds), held before its start and after its end.

    Coefficients are interpolated linearly, rotations along the shorter way (normalised lerp, right
    to second order between the neighbouring frames of a clip).
    """
    if not len(clip.times):
        raise OptionError(f"clip {clip.name!r}: there are no frames in it")
    after = torch.searchsorted(clip.times, times).clamp(1, max(len(clip.times) - 1, 1))
    after = after.clamp(max=len(clip.times) - 1)
    before = (after - 1).clamp_min(0)
    length = (clip.times[after] - clip.times[before]).clamp_min(1e-9)
    share = ((times - clip.times[before]) / length).clamp(0, 1)
    weights = torch.lerp(clip.weights[before], clip.weights[after], share[:, None])
    turns = clip.joint_rotations
    if turns is not None:
        first, second = turns[before], turns[after]
        sign = torch.where((first * second).sum(-1, keepdim=True) < 0, -1.0, 1.0)
        mixed = torch.lerp(first, sign * second, share[:, None, None])
        turns = torch.nn.functional.normalize(mixed, dim=-1)
    return replace(clip, times=times, weights=weights, joint_rotations=turns)


def at_rate(clip: Clip, fps: float) -> Clip:
    """Return the clip with evenly spaced frames from its start to its end."""
    if fps <= 0:
        raise OptionError(f"fps: expected more than 0, got {fps}")
    if not len(clip.times):
        raise OptionError(f"clip {clip.name!r}: there are no frames in it")
    start, length = clip.times[0], float(clip.times[-1] - clip.times[0])
    return resample(clip, start + torch.arange(int(length * fps + 1e-3) + 1) / fps)


def smooth(clip: Clip, seconds: float) -> Clip:
    """Return the clip blurred over time by a Gaussian of that standard deviation.

    Its frames should be evenly spaced; the ends are held.
    """
    if seconds <= 0 or len(clip.times) < 2:
        return clip
    spread = seconds / float(clip.times.diff().mean())
    reach = max(int(3 * spread + 0.5), 1)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / spread) ** 2)
    taps = (taps / taps.sum()).to(clip.weights)

    def blurred(curves: Tensor) -> Tensor:
        held = torch.cat([curves[:1].expand(reach, -1), curves, curves[-1:].expand(reach, -1)])
        return torch.nn.functional.conv1d(held.T[:, None], taps[None, None])[:, 0].T

    turns = clip.joint_rotations
    if turns is not None:
        flips = torch.where((turns[1:] * turns[:-1]).sum(-1, keepdim=True) < 0, -1.0, 1.0)
        signs = torch.cat([torch.ones_like(turns[:1, :, :1]), flips.cumprod(0)])
        mixed = blurred((turns * signs).flatten(1)).reshape(turns.shape)
        turns = torch.nn.functional.normalize(mixed, dim=-1)
    return replace(clip, weights=blurred(clip.weights), joint_rotations=turns)
