"""Frames for the Virtual Motion Capture protocol, which VSeeFace, Warudo, Unity and Blender read.

Source: the protocol's specification (https://protocol.vmc.info), messages to a marionette.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.animation.live_link import live_link_turns
from avatar.animation.osc import osc_bundles, osc_message
from avatar.core.arkit import ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.rig import Rig
from avatar.core.transform import quaternion_from_matrix, rotation_from_euler

_LARGEST = 1400
"""Bytes of a packet that no network has to cut up."""

_BONES = {"neck": "Neck", "head": "Head", "eye_left": "LeftEye", "eye_right": "RightEye"}

Place = tuple[float, float, float]

_ADULT: dict[str, Place] = {
    "Neck": (0.0, 0.065, -0.019),
    "Head": (0.0, 0.099, 0.033),
    "LeftEye": (0.031, 0.042, 0.084),
    "RightEye": (-0.031, 0.042, 0.084),
}
"""Where an adult's bones are from their parents', metres in our frame: the default head's."""


def vmc_packets(frame: Clip, rig: Rig | None = None) -> list[bytes]:
    """Return the packets of a clip's only frame.

    The coefficients go by ARKit's own names, as VRM's "Perfect Sync" has them; turns of neck, head
    and eyes as local rotations of humanoid bones, placed as in `rig`, an average adult's where not
    given: most receivers take places from their own model, some believe these. The last packet says
    that the frame is complete.
    """
    messages = [osc_message("/VMC/Ext/OK", 1), osc_message("/VMC/Ext/T", float(frame.times[0]))]
    places = _ADULT | ({} if rig is None else _places(rig))
    for bone, turn in _bones(frame):
        x, y, z = places[bone]
        messages.append(osc_message("/VMC/Ext/Bone/Pos", bone, -x, y, z, *_in_unity(turn)))
    for name, weight in zip(ARKIT_NAMES, frame.weights[0].tolist(), strict=True):
        messages.append(osc_message("/VMC/Ext/Blend/Val", name, weight))
    messages.append(osc_message("/VMC/Ext/Blend/Apply"))
    return osc_bundles(messages, _LARGEST)


def _bones(frame: Clip) -> list[tuple[str, Float[Tensor, "4"]]]:
    """Return the names of bones with their local turns (x, y, z, w) in our frame."""
    bones: list[tuple[str, Tensor]] = []
    if frame.joint_rotations is not None:
        bones += [
            (_BONES[name], turn)
            for name, turn in zip(frame.joint_names, frame.joint_rotations[0], strict=True)
            if name in _BONES
        ]
    eyes = live_link_turns(frame)[0, 3:].reshape(2, 3)
    for name, (yaw, pitch, roll) in zip(("LeftEye", "RightEye"), eyes.unbind(0), strict=True):
        bones.append((name, quaternion_from_matrix(rotation_from_euler(pitch, yaw, roll))))
    return bones


def _places(rig: Rig) -> dict[str, Place]:
    """Return where a rig's bones rest in their parents' frames."""
    places: dict[str, Place] = {}
    for name, parent, at in zip(rig.joint_names, rig.parents, rig.joint_positions, strict=True):
        if name in _BONES and parent >= 0:
            x, y, z = (at - rig.joint_positions[parent]).tolist()
            places[_BONES[name]] = x, y, z
    return places


def _in_unity(turn: Float[Tensor, "4"]) -> tuple[float, ...]:
    """Return a rotation in Unity's left-handed frame: +Y up, the face looks along +Z, +X right."""
    return tuple((turn * torch.tensor([1.0, -1.0, -1.0, 1.0])).tolist())
