"""Makes the benchmark's heads and pictures: `python -m tests.benchmarks.geometry.make_cases`.

Needs Mitsuba 3 (`pip install '.[test]'`) and the inputs folder; about ten minutes on 2 cores.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.files.radiance import read_radiance
from tests.benchmarks.geometry.cases import (
    Case,
    camera_from_arrays,
    default_folder,
    picture_paths,
    save_case,
)
from tests.benchmarks.geometry.clothes import torso
from tests.benchmarks.geometry.ict_heads import (
    METRES_PER_CENTIMETRE,
    NARROW_FACE_VERTICES,
    SKIN_PARTS,
    IctHeads,
    load_ict_heads,
)
from tests.benchmarks.geometry.region import region_like, seen_from_front
from tests.benchmarks.geometry.render import Lighting, View, photograph, render
from tests.benchmarks.geometry.sampling import EXPRESSIONS, Shoot, random_identity, random_shoot
from tests.benchmarks.geometry.scan_head import load_scan
from tests.benchmarks.geometry.scan_landmarks import place_scan
from tests.benchmarks.geometry.skin import Look, random_look
from tests.benchmarks.geometry.surface import Surface

Array = NDArray[np.float64]
SIZE = (576, 720)
SAMPLES = 14
IDENTITIES = 10
UNUSUAL_IDENTITIES = 6
NECK = np.array([0.0, -0.135, -0.095])


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What every shoot uses."""

    heads: IctHeads
    environments: tuple[Array, ...]
    folder: Path


def make_cases(inputs: Path, folder: Path) -> Iterator[str]:
    """Make every case that is not there yet; yield the name of each when it is there."""
    environments = tuple(
        read_radiance(path).numpy().astype(np.float64).clip(0, 30)
        for path in sorted((inputs / "hdr").glob("*.hdr"))
    )
    heads = load_ict_heads(inputs / "models" / "ict_facekit.tar.xz")
    studio = Studio(heads=heads, environments=environments, folder=folder)
    for name, subject, expressive in case_names():
        if not (folder / f"{name}.npz").exists():
            _make_ict_case(name, subject, studio, expressive=expressive)
        yield name
    if not (folder / "scan_neutral.npz").exists():
        _make_scan_case("scan_neutral", inputs / "scans", studio)
    yield "scan_neutral"


def case_names() -> list[tuple[str, int, bool]]:
    """Return (name, subject, with expression) of the heads made from ICT-FaceKit.

    The first ten are ordinary people, within 1.5 deviations; `far` ones reach 2.5.
    """
    subjects = range(IDENTITIES + UNUSUAL_IDENTITIES)
    return [
        (f"{'ict' if subject < IDENTITIES else 'far'}{subject}_{state}", subject, bool(expressive))
        for expressive, state in enumerate(("neutral", "expression"))
        for subject in subjects
    ]


def _make_ict_case(name: str, subject: int, studio: Studio, *, expressive: bool) -> None:
    heads, rng = studio.heads, np.random.default_rng([7, subject])
    modes = len(heads.source.identity)
    look = random_look(rng)
    ordinary = subject < IDENTITIES
    identity = (
        random_identity(rng, modes)
        if ordinary
        else random_identity(rng, modes, spread=1.4, limit=2.5)
    )
    cloth = rng.uniform(0.03, 0.35) * rng.uniform(0.6, 1.0, 3)
    rng = np.random.default_rng([8, subject, int(expressive)])
    shoot = random_shoot(rng, studio.environments, SIZE)
    neutral = heads.shape(identity, {})
    origin = heads.origin(neutral)
    chosen = rng.permutation(len(EXPRESSIONS))[:3]
    expressions = [EXPRESSIONS[index] if expressive else {} for index in chosen]
    posed = [heads.shape(identity, expression) - origin for expression in expressions]
    garment = torso(NECK, 0.22, cloth)
    pixels = [
        _picture([*heads.surfaces(vertices, look), garment], view, shoot.lighting, look, rng)
        for vertices, view in zip(posed, shoot.views, strict=True)
    ]
    skin = heads.faces_of(*SKIN_PARTS)
    count = int(skin.max()) + 1
    vertices = (neutral - origin) * METRES_PER_CENTIMETRE
    case = Case(
        name=name,
        family="ict" if ordinary else "far",
        expressive=expressive,
        pictures=picture_paths(name, studio.folder),
        cameras=_cameras(shoot),
        vertices=vertices[:count],
        faces=skin,
        landmarks=vertices[heads.source.landmarks68],
        region=ict_region(heads, vertices[:count]),
        posed=np.stack(posed)[:, :count] * METRES_PER_CENTIMETRE,
    )
    save_case(case, pixels, studio.folder)


def ict_region(heads: IctHeads, vertices: Array) -> NDArray[np.bool_]:
    """Return the model's narrow face as far as it is seen from outside."""
    narrow = np.arange(len(vertices)) < NARROW_FACE_VERTICES
    return narrow & seen_from_front(vertices, heads.faces_of(*SKIN_PARTS))


def _make_scan_case(name: str, scans: Path, studio: Studio) -> None:
    rng = np.random.default_rng([9])
    heads, scan = studio.heads, load_scan(scans)
    mean = (heads.source.neutral - heads.origin(heads.source.neutral)) * METRES_PER_CENTIMETRE
    count = int(heads.faces_of(*SKIN_PARTS).max()) + 1
    placed = place_scan(scan, mean[heads.source.landmarks68])
    shoot = random_shoot(rng, studio.environments, SIZE)
    look = random_look(rng)
    pixels = [_picture([placed.surface], view, shoot.lighting, look, rng) for view in shoot.views]
    vertices = placed.surface.vertices
    near = region_like(vertices, mean[:count], ict_region(heads, mean[:count]), 0.02)
    case = Case(
        name=name,
        family="scan",
        expressive=False,
        pictures=picture_paths(name, studio.folder),
        cameras=_cameras(shoot),
        vertices=vertices,
        faces=scan.faces,
        landmarks=placed.landmarks,
        region=near & seen_from_front(vertices, scan.faces),
        posed=np.stack([vertices] * 3),
    )
    save_case(case, pixels, studio.folder)


def _picture(
    surfaces: list[Surface],
    view: View,
    lighting: Lighting,
    look: Look,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    linear = render(surfaces, view, lighting, samples=SAMPLES, seed=int(rng.integers(2**31)))
    # Exposed for the face, darker skin a little darker, as a camera does it.
    middle = view.rotation @ np.array([0.0, -0.03, 0.02]) + view.translation
    column, row = (view.intrinsics @ middle)[:2] / middle[2]
    window = linear[int(row) - 60 : int(row) + 60, int(column) - 50 : int(column) + 50]
    key = 0.33 / np.median(window.mean(-1)) * (np.mean(look.skin) / 0.35) ** 0.5
    return photograph(linear, key=key, rng=rng)


def _cameras(shoot: Shoot) -> tuple:
    return tuple(
        camera_from_arrays(view.intrinsics, view.rotation, view.translation, *SIZE)
        for view in shoot.views
    )


def main() -> None:
    """Make the pictures with a progress bar."""
    from rich.progress import track

    parser = argparse.ArgumentParser(description="Make the geometry benchmark's heads.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[4] / "shared/inputs")
    parser.add_argument("--folder", type=Path, default=default_folder())
    arguments = parser.parse_args()
    total = len(case_names()) + 1
    for _ in track(make_cases(arguments.inputs, arguments.folder), "Heads", total=total):
        pass


if __name__ == "__main__":
    main()
