"""The `avatar` command: photos to a rigged, textured head."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from avatar.core.errors import AvatarError
from avatar.core.version import own_version


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done. 2: the user can mend it (bad input, bad option); one line on stderr says how.
    130: interrupted by Ctrl-C; nothing half-written is left behind.
    """
    from avatar.cli.app import run  # noqa: PLC0415 - keeps `import avatar.cli` instant

    # Being asked to end is handled like Ctrl-C, so that unfinished files go.
    in_charge = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _stop) if in_charge else None
    try:
        given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
        if given == ["--version"]:
            sys.stdout.write(f"avatar {own_version()}\n")
            return 0
        run(given)
    except AvatarError as error:
        sys.stderr.write(f"avatar: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("avatar: stopped\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output (`| head`) has seen enough; nothing more can be told to them.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        return 0
    finally:
        if in_charge:
            signal.signal(signal.SIGTERM, before)
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    """Turn a signal into Ctrl-C's exception."""
    del number, frame
    raise KeyboardInterrupt
