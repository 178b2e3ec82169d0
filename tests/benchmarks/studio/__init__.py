"""Parts of `tests.benchmarks.bench_studio`."""
