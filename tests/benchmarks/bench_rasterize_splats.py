"""How much faster the native splat rasteriser is than its torch twin, in one run.

    python -m tests.benchmarks.bench_rasterize_splats [--update]

The scene is an egg of 5,000 splats in 256 x 256 pixels.
Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time

from avatar.ops.timing import time_rasterize_splats
from tests.benchmarks.op_metric import compare_with_twin

if __name__ == "__main__":
    sys.exit(
        compare_with_twin(
            lambda: time_rasterize_splats(5_000, 256, time.process_time, twin=True), __file__
        )
    )
