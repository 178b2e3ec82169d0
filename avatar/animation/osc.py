"""Messages of Open Sound Control 1.0, as far as VMC needs them: numbers, text, bundles.

Source: "The Open Sound Control 1.0 Specification" (Wright, 2002): big-endian, everything padded to
four bytes.
"""

import struct
from collections.abc import Sequence

_AT_ONCE = struct.pack(">Q", 1)
"""The time tag of a bundle that is to be handled when it arrives."""


def osc_message(address: str, *arguments: float | str) -> bytes:
    """Return a message; whole numbers go as int32, others as float32."""
    tags, data = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, data = tags + "s", data + _text(argument)
        elif isinstance(argument, int):
            tags, data = tags + "i", data + struct.pack(">i", argument)
        else:
            tags, data = tags + "f", data + struct.pack(">f", argument)
    return _text(address) + _text(tags) + data


def osc_bundles(messages: Sequence[bytes], largest: int) -> list[bytes]:
    """Return bundles of at most `largest` bytes that hold the messages in their order."""
    bundles: list[bytes] = []
    held = b""
    for message in messages:
        part = struct.pack(">i", len(message)) + message
        if held and len(held) + len(part) + 16 > largest:
            bundles.append(_bundle(held))
            held = b""
        held += part
    return [*bundles, _bundle(held)] if held else bundles


def _bundle(parts: bytes) -> bytes:
    return _text("#bundle") + _AT_ONCE + parts


def _text(value: str) -> bytes:
    encoded = value.encode() + b"\0"
    return encoded + b"\0" * (-len(encoded) % 4)
