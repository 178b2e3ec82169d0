"""One line of `avatar doctor`: something looked at, and how it is."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at (`name`), its `state`, a `note`; `good` unless something is amiss."""

    name: str
    state: str
    note: str = ""
    good: bool = True
