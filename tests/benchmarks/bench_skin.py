"""How much faster the native `skin` is than its torch twin, in one run.

    python -m tests.benchmarks.bench_skin [--update]

Four poses of 14,000 vertices, 52 morphs of which ten show, and seven joints.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_skin
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(compare_with_twin(lambda: time_skin(time.process_time), __file__))
