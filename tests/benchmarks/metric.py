"""Numbers that are kept: measured, compared with a committed baseline, refused when worse.

A metric is a ratio of two things measured in one run, or an error: never bare seconds, which tell
more of the machine than of the code.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measured number; `tolerance` is how much worse than the baseline it may be, relatively."""

    name: str
    value: float
    unit: str
    direction: Literal["higher is better", "lower is better"]
    tolerance: float

    def is_worse_than(self, baseline: float) -> bool:
        """Return whether the value lies beyond the tolerance on the bad side of `baseline`."""
        if self.direction == "higher is better":
            return self.value < baseline * (1 - self.tolerance)
        return self.value > baseline * (1 + self.tolerance)


def gate(
    metrics: list[Metric], baseline_file: Path, *, update: bool = False, partial: bool = False
) -> list[str]:
    """Return a line for every metric that is worse than its baseline, or has none.

    With `update`, write the metrics as the new baseline instead; a `partial` run keeps the rows of
    subjects it did not measure. A subject is what a name says before its first
    comma.
    """
    entries = json.loads(baseline_file.read_text()) if baseline_file.is_file() else []
    if update:
        measured = {_subject(metric.name) for metric in metrics}
        kept = [entry for entry in entries if partial and _subject(entry["name"]) not in measured]
        rows = [*kept, *(asdict(metric) for metric in metrics)]
        baseline_file.write_text(json.dumps(rows, indent=1) + "\n")
        return []
    baseline = {entry["name"]: entry["value"] for entry in entries}
    problems: list[str] = []
    for metric in metrics:
        if metric.name not in baseline:
            problems.append(f"{metric.name}: no baseline; run with --update")
        elif metric.is_worse_than(baseline[metric.name]):
            problems.append(
                f"{metric.name}: {metric.value:.4g} {metric.unit} is worse than the baseline "
                f"{baseline[metric.name]:.4g} ({metric.direction}, {metric.tolerance:.0%} allowed)"
            )
    return problems


def _subject(name: str) -> str:
    return name.split(",", maxsplit=1)[0]
