"""Progress where there is no terminal: a line per stage, and no share that falls."""

import pytest

from avatar.cli import progress
from avatar.cli.progress import part_of, progress_bar


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    return clock


def test_each_stage_is_told_once_and_a_long_one_again(clock: Clock, capsys):
    with progress_bar("avatar test") as update:
        for second in range(25):
            clock.now = float(second)
            update("fitting", second / 25)
        update("painting", 1.0)
    assert capsys.readouterr().err.splitlines() == [
        "  0 %  fitting",
        " 44 %  fitting",
        " 88 %  fitting",
        "100 %  painting",
    ]


def test_the_share_never_falls(clock: Clock, capsys):
    with progress_bar("avatar test") as update:
        first, second = part_of(update, 0.0, 0.5), part_of(update, 0.2, 1.0)
        first("tracking", 1.0)
        second("filming", 0.0)
        second("writing", 1.0)
    shares = [int(line.split("%")[0]) for line in capsys.readouterr().err.splitlines()]
    assert shares == [50, 50, 100]
