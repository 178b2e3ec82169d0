"""Sends a performance over the network as it happens: to VMC receivers, or as Live Link Face."""

import socket
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from avatar.animation.destination import Destination
from avatar.animation.live_link_packet import LiveLinkSource, live_link_packet
from avatar.animation.vmc import vmc_packets
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.rig import Rig


class ClipSender:
    """Sends frames to destinations; use it in a `with` block, or `close` it.

    Never waits and keeps nothing: what the network does not take at once is dropped, and counted in
    `dropped`. `fps` is the rate that Live Link is told, `rig` tells VMC where the bones are.
    """

    def __init__(
        self, destinations: Sequence[Destination], fps: float, rig: Rig | None = None
    ) -> None:
        if not 1 <= fps <= 1000:
            raise OptionError(f"fps: expected 1 to 1000 frames a second, got {fps}")
        self._fps = fps
        self._rig = rig
        self._targets = [(target, *_resolved(target)) for target in destinations]
        self._sockets = {family: _socket(family) for _, family, _ in self._targets}
        self._device = str(uuid.uuid5(uuid.NAMESPACE_DNS, socket.gethostname())).upper()
        self._midnight: float | None = None
        self.sent = 0
        self.dropped = 0

    def __enter__(self) -> "ClipSender":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets."""
        for used in self._sockets.values():
            used.close()

    def send(self, frame: Clip) -> None:
        """Send a clip of one frame everywhere; its time says how long after the first one it was.

        Raises:
            OptionError: the clip has another number of frames than one.
        """
        if len(frame.times) != 1:
            raise OptionError(f"frame: expected a clip of 1 frame, got {len(frame.times)}")
        for target, family, address in self._targets:
            for packet in self._packets(target, frame):
                try:
                    self._sockets[family].sendto(packet, address)
                    self.sent += 1
                except OSError:
                    # A full buffer or a network that is gone: the next frame is worth more.
                    self.dropped += 1

    def _packets(self, target: Destination, frame: Clip) -> list[bytes]:
        if target.protocol == "vmc":
            return vmc_packets(frame, self._rig)
        source = LiveLinkSource(device=self._device, subject=target.subject, fps=self._fps)
        return [live_link_packet(frame, source, self._day_time(float(frame.times[0])))]

    def _day_time(self, seconds: float) -> float:
        """Return the time of day of a frame, by the clock only for the first one."""
        if self._midnight is None:
            now = time.localtime()
            of_day = 3600 * now.tm_hour + 60 * now.tm_min + now.tm_sec + time.time() % 1
            self._midnight = of_day - seconds
        return self._midnight + seconds


def _resolved(target: Destination) -> tuple[socket.AddressFamily, Any]:
    """Return the family and address of a destination's host."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise OptionError(f"send: no host is called {target.host!r} ({error})") from error
    # IPv4 where there is both: receivers of these protocols listen there.
    family, _, _, _, address = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)[0]
    return family, address


def _socket(family: socket.AddressFamily) -> socket.socket:
    used = socket.socket(family, socket.SOCK_DGRAM)
    used.settimeout(0.0)
    return used
