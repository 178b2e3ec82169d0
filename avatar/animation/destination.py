"""Where a live performance is sent; free of heavy imports."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from avatar.core.errors import OptionError

Protocol = Literal["vmc", "livelink"]

PORTS: dict[str, int] = {"vmc": 39539, "livelink": 11111}
"""The protocols, with the ports on which their receivers usually listen."""

_LONGEST_SUBJECT = 64


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A receiver of a protocol at a host and port; `subject` is the name Live Link shows."""

    protocol: Protocol
    host: str
    port: int
    subject: str = "avatar"


def parse_destination(text: str) -> Destination:
    """Return what vmc://host:port or livelink://host:port/subject stands for.

    The port may be left out: it is then the usual one.

    Raises:
        OptionError: another protocol, no host, or a port that is none.
    """
    wanted = "expected vmc://host:port or livelink://host:port"
    parts = urlsplit(text)
    if parts.scheme not in PORTS:
        raise OptionError(f"send: {wanted}, got {text!r}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise OptionError(f"send: {wanted} with a port of 1 to 65535, got {text!r}") from error
    if not host:
        raise OptionError(f"send: {wanted}, got no host in {text!r}")
    if port == 0:
        raise OptionError(f"send: {wanted} with a port of 1 to 65535, got {text!r}")
    subject = unquote(parts.path.strip("/")) or "avatar"
    if len(subject) > _LONGEST_SUBJECT:
        raise OptionError(f"send: expected a subject of at most {_LONGEST_SUBJECT} letters")
    return Destination(
        protocol="vmc" if parts.scheme == "vmc" else "livelink",
        host=host,
        port=port or PORTS[parts.scheme],
        subject=subject,
    )
