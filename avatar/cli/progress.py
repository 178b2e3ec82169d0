"""A progress bar on stderr that says what is being done."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

MADE = 0.6
"""Share of the time a reconstruction takes; the rest goes into its files and preview."""


@contextmanager
def progress_bar(title: str) -> Generator[Callable[[str, float], None], None, None]:
    """Yield a function that takes what is being done and the share finished, in [0, 1].

    On a terminal it draws a bar; elsewhere it writes one line per new stage.
    """
    if not sys.stderr.isatty():
        yield _lines()
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

        yield update
        bar.update(task, description="done", completed=1.0)


def part_of(
    progress: Callable[[str, float], None], start: float, end: float
) -> Callable[[str, float], None]:
    """Return a function whose 0 to 1 is the part of the whole from `start` to `end`."""

    def update(stage: str, done: float) -> None:
        progress(stage, start + (end - start) * done)

    return update


def _lines() -> Callable[[str, float], None]:
    last = ""

    def update(stage: str, done: float) -> None:
        nonlocal last
        if stage != last:
            sys.stderr.write(f"{100 * done:3.0f} %  {stage}\n")
            sys.stderr.flush()
            last = stage

    return update
