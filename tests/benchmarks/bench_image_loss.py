"""How much faster the native picture loss is than its torch twin, in one run.

    python -m tests.benchmarks.bench_image_loss [--update]

Pictures of 512 x 512 pixels in three channels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_image_loss
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(compare_with_twin(lambda: time_image_loss(time.process_time), __file__))
