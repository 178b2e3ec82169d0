"""The heads of known shape and their pictures: made once, kept in a cache folder."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar.core.camera import Camera
from avatar.core.transform import Transform
from avatar.files.cache import cache_folder

Array = NDArray[np.float64]
FOLDER_VARIABLE = "AVATAR_BENCHMARK_HEADS"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One subject, in one state, seen from about 0, -30 and +30 degrees of yaw.

    `vertices` are the NEUTRAL skin in metres in the head frame (origin midway between the
    eyeballs), whatever the pictures show; `posed` the skin as each picture shows it. `family` is
    "ict" for ordinary identities of ICT-FaceKit, "far" for unusual ones, "scan" for a real scan.
    `landmarks` are the iBUG 68 of the neutral head, of which 17 to 67 are used; `region` the
    vertices that are measured.
    """

    name: str
    family: str
    expressive: bool
    pictures: tuple[Path, ...]
    cameras: tuple[Camera, ...]
    vertices: Array
    faces: NDArray[np.int64]
    landmarks: Array
    region: NDArray[np.bool_]
    posed: Array


def default_folder() -> Path:
    """Return where the pictures are kept; AVATAR_BENCHMARK_HEADS names another folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else cache_folder() / "benchmark-heads"


def load_cases(folder: Path | None = None, *, expressive: bool | None = None) -> tuple[Case, ...]:
    """Return the cases already made, neutral ones first; `expressive` picks one kind."""
    cases = tuple(_cases(folder or default_folder()))
    ordered = sorted(cases, key=lambda case: (case.expressive, case.name))
    return tuple(c for c in ordered if expressive is None or c.expressive == expressive)


def save_case(case: Case, pixels: list[NDArray[np.uint8]], folder: Path) -> None:
    """Write the pictures as JPEG beside the truth; the truth comes last, so half a case is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, picture in zip(case.pictures, pixels, strict=True):
        Image.fromarray(picture).save(path, quality=93, subsampling=0)
    np.savez_compressed(
        folder / f"{case.name}.npz",
        vertices=case.vertices.astype(np.float32),
        faces=case.faces.astype(np.int32),
        landmarks=case.landmarks,
        region=case.region,
        posed=case.posed.astype(np.float32),
        intrinsics=np.stack([camera.intrinsics.numpy() for camera in case.cameras]),
        rotations=np.stack([c.camera_from_world.rotation.numpy() for c in case.cameras]),
        translations=np.stack([c.camera_from_world.translation.numpy() for c in case.cameras]),
        about=json.dumps({"family": case.family, "expressive": case.expressive}),
    )


def picture_paths(name: str, folder: Path) -> tuple[Path, ...]:
    """Return where the frontal, left and right pictures of a case lie."""
    return tuple(folder / f"{name}_{view}.jpg" for view in ("front", "left", "right"))


def _cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        pictures = picture_paths(path.stem, folder)
        with Image.open(pictures[0]) as picture:
            width, height = picture.size
        about = json.loads(str(arrays["about"]))
        yield Case(
            name=path.stem,
            family=about["family"],
            expressive=about["expressive"],
            pictures=pictures,
            cameras=tuple(
                camera_from_arrays(*values, width, height)
                for values in zip(
                    arrays["intrinsics"], arrays["rotations"], arrays["translations"], strict=True
                )
            ),
            vertices=arrays["vertices"].astype(np.float64),
            faces=arrays["faces"].astype(np.int64),
            landmarks=arrays["landmarks"],
            region=arrays["region"],
            posed=arrays["posed"].astype(np.float64),
        )


def camera_from_arrays(
    intrinsics: Array, rotation: Array, translation: Array, width: int, height: int
) -> Camera:
    """Return a camera of plain arrays."""
    return Camera(
        intrinsics=torch.as_tensor(intrinsics, dtype=torch.float32),
        camera_from_world=Transform(
            rotation=torch.as_tensor(rotation, dtype=torch.float32),
            translation=torch.as_tensor(translation, dtype=torch.float32),
        ),
        width=width,
        height=height,
    )
