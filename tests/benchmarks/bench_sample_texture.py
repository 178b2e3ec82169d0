"""How much faster the native texture sampling is than its torch twin, in one run.

    python -m tests.benchmarks.bench_sample_texture [--update]

A pyramid of 1024 x 1024 texels, 512 x 512 pixels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_sample_texture
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(compare_with_twin(lambda: time_sample_texture(time.process_time), __file__))
