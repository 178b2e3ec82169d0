import pytest

from avatar.ops.timing import OpTiming, time_rasterize_splats


def test_a_timing_tells_how_much_longer_the_twin_takes():
    timing = OpTiming(
        op="x", scene="y", forward=1.0, backward=3.0, twin_forward=10.0, twin_backward=30.0
    )
    assert timing.speedup == pytest.approx(10)
    assert OpTiming(op="x", scene="y", forward=1.0).speedup is None


def test_splats_are_timed_both_ways_and_beat_their_twin():
    timing = time_rasterize_splats(500, 64, twin=True)
    assert timing.backward > 0
    assert timing.speedup > 1
