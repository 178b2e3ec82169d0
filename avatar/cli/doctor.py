"""`avatar doctor`: what is installed, what works, under which licences."""

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def doctor() -> None:
    """Tell versions, the native core, CUDA, the head models and their licences."""
    from avatar.files import doctor as files  # noqa: PLC0415
    from avatar.head.registry import list_models  # noqa: PLC0415
    from avatar.ops import doctor as ops  # noqa: PLC0415
    from avatar.speech import doctor as speech  # noqa: PLC0415

    console = Console(file=sys.stdout)
    table = Table("what", "state", "note", title="avatar doctor")
    for finding in (*files.diagnose(), *ops.diagnose(), *speech.diagnose()):
        color = "green" if finding.good else "red"
        state = f"[{color}]{escape(finding.state)}[/{color}]"
        table.add_row(escape(finding.name), state, escape(finding.note))
    console.print(table)
    models = Table("head model", "licence", "where")
    for entry in list_models():
        models.add_row(entry.name, entry.licence, str(entry.path or "built in"))
    console.print(models)
