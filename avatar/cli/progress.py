"""A progress bar on stderr that says what is being done."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

MADE = 0.6
"""Share of the time a reconstruction takes; the rest goes into its files and preview."""


_PATIENCE = 10.0
"""Seconds after which a stage is told again where there is no terminal to draw a bar on."""

Update = Callable[[str, float], None]


@contextmanager
def progress_bar(title: str) -> Generator[Update, None, None]:
    """Yield a function that takes what is being done and the share finished, in [0, 1].

    On a terminal it draws a bar; elsewhere it writes a line for each new stage, and one every ten
    seconds of a long stage. The share shown never falls.
    """
    if not sys.stderr.isatty():
        yield _never_falling(_lines())
        return
    columns = (
        TextColumn(f"[bold]{title}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task("starting", total=1.0)

        def update(stage: str, done: float) -> None:
            bar.update(task, description=stage, completed=done)

        yield _never_falling(update)
        bar.update(task, description="done", completed=1.0)


def part_of(progress: Update, start: float, end: float) -> Update:
    """Return a function whose 0 to 1 is the part of the whole from `start` to `end`."""

    def update(stage: str, done: float) -> None:
        progress(stage, start + (end - start) * done)

    return update


def _never_falling(progress: Update) -> Update:
    reached = 0.0

    def update(stage: str, done: float) -> None:
        nonlocal reached
        reached = max(reached, done)
        progress(stage, reached)

    return update


def _lines() -> Update:
    last = ""
    told = monotonic()

    def update(stage: str, done: float) -> None:
        nonlocal last, told
        now = monotonic()
        if stage != last or now - told > _PATIENCE:
            sys.stderr.write(f"{100 * done:3.0f} %  {stage}\n")
            sys.stderr.flush()
            last, told = stage, now

    return update
