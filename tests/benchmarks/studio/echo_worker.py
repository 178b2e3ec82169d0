"""A live worker that answers each piece at once: what is left of a round trip is the server's."""

import struct

from viewers.server.live_pipe import LivePipe, serve_live
from viewers.server.messages import LiveFace
from viewers.server.order import LiveStart


def echo(pipe: LivePipe) -> None:
    """Answer pieces, which begin with the second they were sent at, by faces of that second."""
    pipe.say(LiveStart(kind="start", delay=0.0))
    for piece in pipe.pieces():
        (sent,) = struct.unpack_from("<d", piece)
        face = LiveFace(
            kind="face",
            time=sent,
            weights=(0.1234,) * 52,
            joints=("head", "neck"),
            rotations=(0.0, 0.0, 0.0, 1.0) * 2,
        )
        pipe.say(face)


if __name__ == "__main__":
    serve_live(echo)
