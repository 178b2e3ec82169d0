"""`avatar landmarks`: what is seen in a photo, before any head is fitted."""

import json
import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from avatar.cli.inputs import check_inputs
from avatar.cli.outputs import PICTURE_SUFFIXES, check_paths, check_suffix


def landmarks(
    photo: Positional[Path],
    *,
    output: Annotated[Path | None, arg(aliases=["-o"])] = None,
    overlay: Path | None = None,
    face: int = 1,
) -> None:
    """Find a face and write its 478 landmarks.

    For example:
      avatar landmarks face.jpg -o landmarks.json --overlay overlay.png

    Args:
        photo: the picture.
        output: the .json to write; without it, it goes to the terminal.
        overlay: also write the picture with the landmarks drawn on it (.png or .jpg).
        face: which face where the photo shows several; 1 is the largest.
    """
    if output is not None:
        check_suffix("output", output, (".json",))
    if overlay is not None:
        check_suffix("overlay", overlay, PICTURE_SUFFIXES)
    paths = tuple(path for path in (output, overlay) if path is not None)
    check_paths(paths)
    check_inputs(photo)
    from avatar.capture.observe import ObserveOptions, observe  # noqa: PLC0415
    from avatar.capture.read_photo import read_photo  # noqa: PLC0415
    from avatar.create.overlay import draw_landmarks, landmarks_report  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    observation = observe(read_photo(photo), ObserveOptions(face=face))
    text = json.dumps(landmarks_report(observation), indent=1)
    with atomic_outputs(paths) as temporary:
        if output is not None:
            temporary[output].write_text(text, encoding="utf-8")
        if overlay is not None:
            kind = "PNG" if overlay.suffix.lower() == ".png" else "JPEG"
            draw_landmarks(observation).save(temporary[overlay], format=kind, quality=92)
    if output is None:
        # The terminal, or a program, reads JSON: what was written is told beside it.
        sys.stdout.write(text + "\n")
    told = sys.stderr if output is None else sys.stdout
    told.writelines(f"{path}\n" for path in paths)
