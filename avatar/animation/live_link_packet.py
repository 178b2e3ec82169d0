"""Frames as the Live Link Face app sends them to Unreal Engine: one UDP packet each.

Version 6 of the packet, in network byte order: version (byte), device and subject (32-bit length
and UTF-8), frame number (int32), part of a frame (float32), frames a second as a fraction (two
int32), count (byte), and 61 float32: the 52 coefficients in ARKit's order, then yaw, pitch and roll
of head, left and right eye in radians. Source: Unreal Engine's AppleARKitFaceSupport plug-in.
"""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction

from avatar.animation.live_link import live_link_turns
from avatar.core.clip import Clip

_VERSION = 6
_DAY = 24 * 3600
_FINEST = 1001
"""Largest denominator of a frame rate: 30000/1001 is television's."""


@dataclass(frozen=True, kw_only=True)
class LiveLinkSource:
    """Who sends: the device's id, 36 characters as a UUID has, the subject's name, the rate."""

    device: str
    subject: str
    fps: float


def live_link_packet(frame: Clip, source: LiveLinkSource, day_time: float) -> bytes:
    """Return the packet of a clip's only frame, seen at `day_time` seconds after midnight."""
    rate = Fraction(source.fps).limit_denominator(_FINEST)
    part, number = math.modf((day_time % _DAY) * rate)
    values = [*frame.weights[0].tolist(), *live_link_turns(frame)[0].tolist()]
    return (
        struct.pack(">B", _VERSION)
        + _text(source.device)
        + _text(source.subject)
        + struct.pack(">ifii", int(number), part, rate.numerator, rate.denominator)
        + struct.pack(f">B{len(values)}f", len(values), *values)
    )


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">i", len(encoded)) + encoded
