"""`avatar bench`: how fast the native ops are on this machine."""

import sys

from rich.console import Console
from rich.table import Table


def bench() -> None:
    """Time the native ops and their torch twins on this machine; takes about half a minute."""
    import torch  # noqa: PLC0415

    from avatar.ops.native import native_module  # noqa: PLC0415
    from avatar.ops.timing import time_ops  # noqa: PLC0415

    native = native_module()
    kind = native.instruction_set() if native else "no native module: torch twins only"
    threads = torch.get_num_threads()
    table = Table(
        "op",
        "scene",
        "forward ms",
        "backward ms",
        "torch twin ms",
        "times faster",
        title=f"avatar bench: {threads} threads, {kind}",
    )
    for timing in time_ops():
        twin = None
        if timing.twin_forward is not None:
            twin = timing.twin_forward + (timing.twin_backward or 0)
        speedup = timing.speedup
        table.add_row(
            timing.op,
            timing.scene,
            f"{timing.forward * 1e3:.2f}",
            "" if timing.backward is None else f"{timing.backward * 1e3:.2f}",
            "" if twin is None else f"{twin * 1e3:.0f}",
            "" if speedup is None else f"{speedup:.0f}",
        )
    # Wide enough for the table where the output goes to a file.
    width = None if sys.stdout.isatty() else 120
    Console(file=sys.stdout, width=width).print(table)
