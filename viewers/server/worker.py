"""A process that does one job: started ahead, told what to do on stdin, answering on stdout.

It ends when its job does, when stdin closes (the server is gone), or when it is killed (the
visitor cancelled). Whatever the libraries print goes to stderr, which the server keeps as a log.
"""

import contextlib
import os
import sys
import threading
from typing import IO

from avatar.core.errors import AvatarError
from viewers.server.codec import decode, encode
from viewers.server.order import Order, Outcome, Ready, Step

_UNEXPECTED = "the job stopped unexpectedly; its log is in the studio's folder"


def main() -> None:
    """Load what tasks need, wait for an order, do it."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from viewers.server.tasks import run_task  # noqa: PLC0415 - loads torch: what starting ahead is for

    _say(answers, Ready(kind="ready"))
    line = sys.stdin.buffer.readline()
    if not line:
        return
    order: Order = decode(Order, line)
    threading.Thread(target=_end_with_server, daemon=True).start()
    _limit_memory(order.memory)

    def told(stage: str, done: float) -> None:
        _say(answers, Step(kind="step", stage=stage, done=done))

    try:
        outcome = Outcome(kind="outcome", error=None, warnings=run_task(order, told)[:64])
    except AvatarError as error:
        outcome = Outcome(kind="outcome", error=_without_paths(str(error), order), warnings=())
    except MemoryError:
        outcome = Outcome(kind="outcome", error=_too_little_memory(order), warnings=())
    except RuntimeError as error:
        if "memory" not in str(error).lower():  # how torch says it
            raise
        outcome = Outcome(kind="outcome", error=_too_little_memory(order), warnings=())
    _say(answers, outcome)


def _say(answers: IO[str], message: Ready | Step | Outcome) -> None:
    answers.write(encode(message) + "\n")


def _end_with_server() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _limit_memory(most: int) -> None:
    if most > 0 and sys.platform == "linux":
        import resource  # noqa: PLC0415 - not on every system

        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _without_paths(text: str, order: Order) -> str:
    """Return an error without the folders of this machine, which are nobody's business."""
    for path in (*order.inputs, order.head, order.clip, order.sound):
        if path:
            text = text.replace(path, "the file")
    return text.replace(order.folder, "the job's folder")


def _too_little_memory(order: Order) -> str:
    return (
        f"this takes more memory than a job may use ({order.memory >> 30} GB); try a smaller file"
    )


if __name__ == "__main__":
    main()
