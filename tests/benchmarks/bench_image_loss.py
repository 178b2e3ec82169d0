"""How much faster the native picture loss is than its torch twin, in one run.

    python -m tests.benchmarks.bench_image_loss [--update]

Pictures of 512 x 512 pixels in three channels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time
from pathlib import Path

import torch

from avatar.ops.timing import time_image_loss
from tests.benchmarks.metric import gate
from tests.benchmarks.op_metric import speedup_metric


def main() -> int:
    """Measure, print, and compare with the baseline."""
    torch.set_num_threads(1)
    metrics = [speedup_metric(time_image_loss(time.process_time))]
    baseline = Path(__file__).with_suffix(".json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
