from avatar.cli.bench import bench
from avatar.ops import timing


def test_the_table_holds_every_op_with_its_times(monkeypatch, capsys):
    made_up = timing.OpTiming(
        op="an_op", scene="a scene", forward=0.002, backward=0.003, twin_forward=0.05
    )
    alone = timing.OpTiming(op="another_op", scene="a scene", forward=0.004)
    monkeypatch.setattr(timing, "time_ops", lambda: iter([made_up, alone]))
    bench()
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if "an_op" in line)
    assert [word in row for word in ("2.00", "3.00", "50", "10")] == [True] * 4
    assert any("another_op" in line and "4.00" in line for line in lines)
