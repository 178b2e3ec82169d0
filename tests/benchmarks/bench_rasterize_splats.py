"""How much faster the native splat rasteriser is than its torch twin, in one run.

    python -m tests.benchmarks.bench_rasterize_splats [--update]

The scene is an egg of 5,000 splats in 256 x 256 pixels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time
from pathlib import Path

import torch

from avatar.ops.timing import time_rasterize_splats
from tests.benchmarks.metric import gate
from tests.benchmarks.op_metric import speedup_metric


def main() -> int:
    """Measure, print, and compare with the baseline."""
    torch.set_num_threads(1)
    metrics = [speedup_metric(time_rasterize_splats(5_000, 256, time.process_time, twin=True))]
    baseline = Path(__file__).with_suffix(".json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
