from dataclasses import replace

from tests.benchmarks.metric import Metric, gate

SPEED = Metric(name="speed", value=10.0, unit="times", direction="higher is better", tolerance=0.2)
ERROR = Metric(name="error", value=1.0, unit="mm", direction="lower is better", tolerance=0.1)


def test_what_stays_within_its_tolerance_passes(tmp_path):
    file = tmp_path / "baseline.json"
    assert gate([SPEED, ERROR], file, update=True) == []
    assert gate([replace(SPEED, value=8.1), replace(ERROR, value=1.09)], file) == []
    assert gate([replace(SPEED, value=99.0), replace(ERROR, value=0.1)], file) == []


def test_what_is_worse_or_new_is_named(tmp_path):
    file = tmp_path / "baseline.json"
    assert "no baseline" in gate([SPEED], file)[0]
    gate([SPEED, ERROR], file, update=True)
    (slower,) = gate([replace(SPEED, value=7.9), ERROR], file)
    assert "speed: 7.9 times is worse than the baseline 10" in slower
    (worse,) = gate([SPEED, replace(ERROR, value=1.11)], file)
    assert worse.startswith("error")


def test_a_partial_update_keeps_what_it_did_not_measure(tmp_path):
    file = tmp_path / "baseline.json"
    names = ("a, mesh: PSNR", "a, splats: PSNR", "b, mesh: PSNR")
    gate([replace(SPEED, name=name) for name in names], file, update=True)
    gate([replace(SPEED, name="a, splats: PSNR", value=20.0)], file, update=True, partial=True)
    assert gate([replace(SPEED, name="b, mesh: PSNR")], file) == []
    assert "worse" in gate([replace(SPEED, name="a, splats: PSNR")], file)[0]
    assert "no baseline" in gate([replace(SPEED, name="a, mesh: PSNR")], file)[0]
