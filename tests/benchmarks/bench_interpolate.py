"""How much faster the native interpolation is than its torch twin, in one run.

    python -m tests.benchmarks.bench_interpolate [--update]

Three channels over a ball of 28,000 triangles in 512 x 512 pixels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_interpolate
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(compare_with_twin(lambda: time_interpolate(time.process_time), __file__))
