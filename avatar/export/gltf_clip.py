"""Clips as glTF animations: morph weights of every mesh, rotations of joints."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.rig import Rig
from avatar.export.gltf_document import GltfDocument, Json
from avatar.export.gltf_rig import Skeleton


def check_clip(clip: Clip, rig: Rig) -> None:
    """Refuse a clip that glTF cannot hold or this rig cannot play.

    Raises:
        OptionError: times are none, negative or not rising; joints are unknown or without curves.
    """
    times = clip.times
    if len(times) == 0 or times[0] < 0 or not bool((times.diff() > 0).all()):
        raise OptionError(
            f"clip {clip.name!r}: expected times that start at 0 or later and rise, got"
            f" {times[:3].tolist()}...; shift or sort its frames"
        )
    if clip.joint_names and clip.joint_rotations is None:
        raise OptionError(f"clip {clip.name!r}: joint_rotations: expected curves, got None")
    unknown = [name for name in clip.joint_names if name not in rig.joint_names]
    if unknown:
        raise OptionError(
            f"clip {clip.name!r}: no joints {unknown} in this avatar's rig; it has"
            f" {list(rig.joint_names)}"
        )


def add_clip(document: GltfDocument, clip: Clip, meshes: Sequence[int], skeleton: Skeleton) -> None:
    """Add an animation of the nodes `meshes`, which all take 52 weights, and of named joints.

    All meshes share one curve of weights, so the face stays in step with teeth and tongue.
    """
    times = document.add_accessor(clip.times.float().cpu().numpy(), bounds=True)
    samplers: list[Json] = []
    channels: list[Json] = []

    def add_sampler(output: int) -> int:
        samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})
        return len(samplers) - 1

    if meshes:
        weights = document.add_accessor(clip.weights.float().cpu().reshape(-1).numpy())
        curve = add_sampler(weights)
        channels += [{"sampler": curve, "target": _target(node, "weights")} for node in meshes]
    if clip.joint_rotations is not None:
        turns = _continuous(clip.joint_rotations.float().cpu())
        for name, turn in zip(clip.joint_names, turns.unbind(1), strict=True):
            curve = add_sampler(document.add_accessor(turn.contiguous().numpy()))
            target = _target(skeleton.joints[name], "rotation")
            channels.append({"sampler": curve, "target": target})
    if channels:
        item = {"name": clip.name, "samplers": samplers, "channels": channels}
        document.add("animations", item)


def _target(node: int, path: str) -> Json:
    return {"node": node, "path": path}


def _continuous(
    quaternions: Float[Tensor, "frames joints 4"],
) -> Float[Tensor, "frames joints 4"]:
    """Return unit quaternions, each the nearer to the one before of the two that say the same."""
    unit = torch.nn.functional.normalize(quaternions, dim=-1)
    flips = torch.where((unit[1:] * unit[:-1]).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    signs = torch.cat([torch.ones_like(unit[:1, :, :1]), flips.cumprod(0)])
    return unit * signs
