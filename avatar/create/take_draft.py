"""What was found in a video on the way to a take, kept so that an interrupted command goes on."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from avatar.capture.brow_picture import BrowPicture
from avatar.capture.follow_face import FaceTrace
from avatar.core.avatar import Avatar
from avatar.core.errors import BundleError
from avatar.create.track_video import Followed
from avatar.files.atomic import atomic_outputs


@dataclass(frozen=True, kw_only=True)
class TakeDraft:
    """Two files beginning with `stem`: the followed face, and the head made of it.

    What stands in them counts only if `of`, which names the video and the options, is the same.
    """

    stem: Path
    of: str

    @property
    def paths(self) -> tuple[Path, Path]:
        """The files, which need not be there."""
        return (
            self.stem.with_name(f"{self.stem.name}.faces"),
            self.stem.with_name(f"{self.stem.name}.head"),
        )

    def keep_followed(self, followed: Followed) -> None:
        """Write the followed face; OutputError if it cannot be written."""
        seen = [trace for trace in followed.traces if trace is not None]
        if not seen:
            return
        tensors = {
            "times": torch.tensor(followed.times, dtype=torch.float64),
            "rows": torch.tensor([row for row, t in enumerate(followed.traces) if t is not None]),
            "points": torch.stack([trace.points for trace in seen]).contiguous(),
            "confidences": torch.stack([trace.confidences for trace in seen]).contiguous(),
            "presence": torch.tensor([trace.presence for trace in seen], dtype=torch.float64),
            "shots": torch.tensor([trace.shot for trace in seen]),
            "found": torch.tensor([trace.found for trace in seen]),
            **_brow_tensors([trace.brows for trace in seen]),
        }
        notes = {
            "of": self.of,
            "name": followed.name,
            "told": json.dumps([followed.most_faces, list(followed.warnings)]),
            "size": json.dumps([seen[0].width, seen[0].height]),
        }
        with atomic_outputs((self.paths[0],)) as temporary:
            save_file(tensors, temporary[self.paths[0]], notes)

    def followed(self) -> Followed | None:
        """Return the followed face, None where none was kept, or of something else."""
        try:
            with safe_open(str(self.paths[0]), framework="pt") as file:
                notes: dict[str, str] = file.metadata() or {}
                tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return _followed(tensors, notes) if notes.get("of") == self.of else None
        except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError):
            return None

    def keep_head(self, head: Avatar) -> None:
        """Write the head; OutputError if it cannot be written."""
        with atomic_outputs((self.paths[1],)) as temporary:
            head.save(temporary[self.paths[1]])

    def head(self) -> Avatar | None:
        """Return the head, None where none was kept; it belongs to the followed face."""
        try:
            return Avatar.load(self.paths[1]) if self.followed() is not None else None
        except BundleError:
            return None

    def forget(self) -> None:
        """Delete what was kept."""
        for path in self.paths:
            path.unlink(missing_ok=True)


def _followed(tensors: dict[str, Tensor], notes: dict[str, str]) -> Followed:
    width, height = json.loads(notes["size"])
    most_faces, warnings = json.loads(notes["told"])
    times: list[float] = tensors["times"].tolist()
    brows = _brows(tensors)
    traces: list[FaceTrace | None] = [None] * len(times)
    for number, row in enumerate(tensors["rows"].tolist()):
        traces[row] = FaceTrace(
            time=times[row],
            width=width,
            height=height,
            points=tensors["points"][number],
            confidences=tensors["confidences"][number],
            presence=float(tensors["presence"][number]),
            shot=int(tensors["shots"][number]),
            found=bool(tensors["found"][number]),
            brows=brows[number],
        )
    return Followed(
        name=notes["name"],
        times=tuple(times),
        traces=tuple(traces),
        most_faces=most_faces,
        warnings=tuple(warnings),
    )


def _brow_tensors(brows: list[BrowPicture | None]) -> dict[str, Tensor]:
    """Return all pictures' pixels in one row, and where each lies; no picture has no pixels."""
    places = [
        (0,) * 6 if b is None else (b.left, b.top, b.width, b.height, *b.grey.shape) for b in brows
    ]
    none = torch.zeros(0, dtype=torch.uint8)
    pixels = [none if b is None else b.grey.flatten() for b in brows]
    return {"brow_places": torch.tensor(places), "brow_pixels": torch.cat(pixels)}


def _brows(tensors: dict[str, Tensor]) -> list[BrowPicture | None]:
    places: list[list[int]] = tensors["brow_places"].tolist()
    pixels = tensors["brow_pixels"].split([place[4] * place[5] for place in places])
    return [
        BrowPicture(
            grey=own.reshape(place[4], place[5]),
            left=place[0],
            top=place[1],
            width=place[2],
            height=place[3],
        )
        if len(own)
        else None
        for place, own in zip(places, pixels, strict=True)
    ]
