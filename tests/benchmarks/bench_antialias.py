"""How much faster the native `antialias` is than its torch twin, in one run.

    python -m tests.benchmarks.bench_antialias [--update]

Outlines of a ball of 28,000 triangles in 512 x 512 pixels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_antialias
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(compare_with_twin(lambda: time_antialias(time.process_time), __file__))
