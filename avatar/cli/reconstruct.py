"""`avatar reconstruct`: photos to a head."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.cli.inputs import check_inputs
from avatar.cli.outputs import Outputs, write_outputs
from avatar.cli.progress import MADE, part_of, progress_bar
from avatar.core.errors import OptionError
from avatar.create.options import ReconstructOptions

DEFAULTS = ReconstructOptions()


def reconstruct(
    photos: Positional[tuple[Path, ...]],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("head.glb"),),
    preview: Path | None = None,
    map_folder: Path | None = None,
    report: Path | None = None,
    test_clip: bool = False,
    reconstruction: OmitArgPrefixes[ReconstructOptions] = DEFAULTS,
) -> None:
    """Turn one or several photos of ONE person into a rigged, textured head.

    For example:
      avatar reconstruct face.jpg -o head.glb --preview head.png --report head.json
      avatar reconstruct left.jpg front.jpg right.jpg -o head.glb head.avatar
      avatar reconstruct face.jpg -o head.glb --maps 2k --map-folder maps

    Args:
        photos: the pictures (JPEG, PNG, HEIC, WebP, AVIF, ...), all of the same person.
        output: the head to write: .glb for engines and Blender, .avatar to keep everything and for
            the other commands; both are fine.
        preview: also write a sheet of pictures (.png or .jpg) to judge the result by.
        map_folder: with --maps, also write into this folder a sheet of all maps and each of them as
            a PNG of 16 bits: albedo in sRGB, displacement as 0.5 + mm / 10.
        report: also write cameras, coefficients, residuals and timings (.json).
        test_clip: add a short test animation to the .glb.
        reconstruction: how to reconstruct.
    """
    outputs = Outputs(
        heads=output,
        preview=preview,
        map_folder=map_folder,
        report=report,
        test_clip=test_clip,
    )
    if reconstruction.maps is None and map_folder is not None:
        raise OptionError("map-folder: there are no maps without --maps 1k, 2k or 4k")
    check_inputs(*photos)
    outputs.check()
    from avatar.create.reconstruct import (  # noqa: PLC0415 - torch, only when there is work
        reconstruct_with_evidence,
    )

    options = replace(reconstruction, name=reconstruction.name or output[0].stem)
    with progress_bar("avatar reconstruct") as progress:
        result = reconstruct_with_evidence(photos, options, part_of(progress, 0.0, MADE))
        write_outputs(result, outputs, part_of(progress, MADE, 1.0))
    for warning in result.avatar.report["warnings"]:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.writelines(f"{path}\n" for path in outputs.paths)
