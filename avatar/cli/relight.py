"""`avatar relight`: a head in another light."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FILM_SUFFIXES
from avatar.animation.relight_options import RelightOptions
from avatar.cli.inputs import check_inputs
from avatar.cli.performance_outputs import check_performance_outputs
from avatar.cli.progress import progress_bar

RELIGHT_DEFAULTS = RelightOptions()


def relight(
    head: Positional[Path],
    *,
    output: Annotated[Path, arg(aliases=["-o"])] = Path("turn.mp4"),
    film: OmitArgPrefixes[RelightOptions] = RELIGHT_DEFAULTS,
) -> None:
    """Film a head in another light, which goes round it once.

    For example:
      avatar relight head.avatar --hdr studio.hdr -o turn.mp4
      avatar relight head.avatar --hdr studio.hdr --turning head
      avatar relight head.avatar --light dark --lamp 50 25 1

    Args:
        head: whose head (.avatar); one with splats is shown by these while the light goes round.
        output: the film to write (.mp4, .webm, ...).
        film: how it looks.
    """
    check_performance_outputs((output,), FILM_SUFFIXES, film.encoding())
    check_inputs(head, film.light.hdr)
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.relight import relight as relight_head  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    with progress_bar("avatar relight") as progress, atomic_outputs((output,)) as temporary:
        relight_head(Avatar.load(head), temporary[output], film, progress)
    sys.stdout.write(f"{output}\n")
