"""The files a reconstruction writes: checked before the work starts, written all or none."""

import json
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.core.errors import OptionError

if TYPE_CHECKING:
    from avatar.create.reconstruct import Reconstruction
    from avatar.maps.reflectance import ReflectanceMaps

MAP_SHEET = "maps"
MAP_FILES = (
    MAP_SHEET,
    "albedo",
    "roughness",
    "specular",
    "occlusion",
    "normal",
    "displacement",
    "confidence",
    "displacement_confidence",
    "gloss_confidence",
)
"""The sheet and the maps of the skin, as their files are called."""

HEAD_SUFFIXES = (".glb", ".avatar")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where the head, the preview, the maps and the report go."""

    heads: tuple[Path, ...]
    preview: Path | None = None
    map_folder: Path | None = None
    report: Path | None = None
    test_clip: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files asked for, in the order they are written."""
        others = (self.preview, *self.map_files, self.report)
        return (*self.heads, *(path for path in others if path is not None))

    @property
    def map_files(self) -> tuple[Path, ...]:
        """The maps' sheet and their own files, none where no folder was named."""
        folder = self.map_folder
        return () if folder is None else tuple(folder / f"{name}.png" for name in MAP_FILES)

    def check(self) -> None:
        """Refuse, before minutes of work, what could not be written at their end.

        Raises:
            OptionError: a file type that is not written here, or two outputs in one file.
            OutputError: a folder that does not exist or cannot be written to.
        """
        if not self.heads:
            raise OptionError("output: expected at least one file, got none")
        for head in self.heads:
            check_suffix("output", head, HEAD_SUFFIXES)
        if self.preview is not None:
            check_suffix("preview", self.preview, PICTURE_SUFFIXES)
        if self.report is not None:
            check_suffix("report", self.report, (".json",))
        if self.map_folder is not None:
            from avatar.files.atomic import make_folder  # noqa: PLC0415

            make_folder(self.map_folder)
        check_paths(self.paths)


def check_suffix(name: str, path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a file type that is not written here.

    Raises:
        OptionError: the path ends in none of the suffixes.
    """
    if path.suffix.lower() not in suffixes:
        raise OptionError(
            f"{name}: expected a file ending in {' or '.join(suffixes)}, got {path.name!r}"
        )


def check_paths(paths: tuple[Path, ...]) -> None:
    """Refuse outputs that are one file twice, or that cannot be written.

    Raises:
        OptionError: two of them name one file.
        OutputError: a folder that does not exist or cannot be written to.
    """
    from avatar.files.atomic import check_writable  # noqa: PLC0415

    if len({path.resolve() for path in paths}) < len(paths):
        raise OptionError("outputs: expected different files, got one of them twice")
    for path in paths:
        check_writable(path)


def write_outputs(
    result: "Reconstruction", outputs: Outputs, progress: Callable[[str, float], None]
) -> None:
    """Write every output; on any failure none of them is left behind or half-written.

    `progress` is told what is written and the share that is; the report tells how long it took.
    """
    from avatar.create.preview import preview_image  # noqa: PLC0415
    from avatar.export.exercise_clip import exercise_clip  # noqa: PLC0415
    from avatar.export.glb import GlbOptions, export_glb  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415
    from avatar.files.bundle import save_avatar  # noqa: PLC0415

    seconds: dict[str, float] = {}
    with atomic_outputs(outputs.paths) as temporary:
        if outputs.preview is not None:
            progress("painting the preview", 0.0)
            with _timed("preview", seconds):
                picture = preview_image(result)
                kind = "PNG" if outputs.preview.suffix.lower() == ".png" else "JPEG"
                picture.save(temporary[outputs.preview], format=kind, quality=90)
        if result.maps is not None:
            with _timed("maps' files", seconds):
                _write_maps(result.maps, outputs, temporary)
        for number, head in enumerate(outputs.heads):
            progress(f"writing {head.name}", 0.6 + 0.4 * number / len(outputs.heads))
            with _timed("writing", seconds):
                if head.suffix.lower() == ".avatar":
                    save_avatar(result.avatar, temporary[head])
                else:
                    clip = exercise_clip(result.avatar.rig) if outputs.test_clip else None
                    export_glb(result.avatar, temporary[head], GlbOptions(clip=clip))
        if outputs.report is not None:
            report = result.avatar.report
            timings = {**report["timings_seconds"], **seconds}
            text = json.dumps({**report, "timings_seconds": timings}, indent=1)
            temporary[outputs.report].write_text(text, encoding="utf-8")


def _write_maps(maps: "ReflectanceMaps", outputs: Outputs, temporary: Mapping[Path, Path]) -> None:
    """Write the sheet of all maps, and each map in 16 bits, where asked for."""
    from avatar.create.map_files import map_png, map_sheet  # noqa: PLC0415

    for path in outputs.map_files:
        if path.stem == MAP_SHEET:
            map_sheet(maps).save(temporary[path], format="PNG")
        else:
            temporary[path].write_bytes(map_png(maps, path.stem))


@contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Generator[None, None, None]:
    start = time.perf_counter()
    yield
    seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - start, 3)
