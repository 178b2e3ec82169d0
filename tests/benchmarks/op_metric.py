"""A native op's timing as a metric: how many times faster it is than its torch twin."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch

from avatar.ops.timing import OpTiming
from tests.benchmarks.metric import Metric, gate


def speedup_metric(timing: OpTiming) -> Metric:
    """Print the timing and return its ratio."""
    assert timing.speedup is not None
    backward = (timing.backward or 0) * 1e3
    sys.stdout.write(
        f"{timing.op}, {timing.scene}: forward {timing.forward * 1e3:.2f} ms, "
        f"backward {backward:.2f} ms, torch twin {timing.speedup:.3g} times as long\n"
    )
    return Metric(
        name=f"{timing.op}: torch twin / native, {timing.scene}",
        value=timing.speedup,
        unit="times",
        direction="higher is better",
        tolerance=0.5,
    )


def compare_with_twin(measure: Callable[[], OpTiming], file: str) -> int:
    """Measure on one thread, print, compare with the baseline beside `file`; return the status."""
    torch.set_num_threads(1)
    metrics = [speedup_metric(measure())]
    problems = gate(metrics, Path(file).with_suffix(".json"), update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)
