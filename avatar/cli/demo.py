"""`avatar demo`: the main job on a face that comes with an installed dependency."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from avatar.cli.outputs import Outputs, write_outputs
from avatar.cli.progress import MADE, part_of, progress_bar


def demo(*, output: Annotated[Path, arg(aliases=["-o"])] = Path("avatar-demo")) -> None:
    """Reconstruct a public-domain NASA portrait and write a .glb, a preview and a report.

    Args:
        output: folder to write head.glb, preview.png and report.json to; made when missing.
    """
    from avatar.create.demo import demo_photo  # noqa: PLC0415 - torch, only when there is work
    from avatar.create.reconstruct import (  # noqa: PLC0415
        ReconstructOptions,
        reconstruct_with_evidence,
    )
    from avatar.files.atomic import make_folder  # noqa: PLC0415

    make_folder(output)
    outputs = Outputs(
        heads=(output / "head.glb",),
        preview=output / "preview.png",
        report=output / "report.json",
        test_clip=True,
    )
    outputs.check()
    with progress_bar("avatar demo") as progress:
        options = ReconstructOptions(name="demo")
        result = reconstruct_with_evidence(demo_photo(), options, part_of(progress, 0.0, MADE))
        write_outputs(result, outputs, part_of(progress, MADE, 1.0))
    sys.stdout.writelines(f"{path}\n" for path in outputs.paths)
