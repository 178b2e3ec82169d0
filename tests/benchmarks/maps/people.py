"""People who do not exist, photographed in one light and, unmoved, in another; path-traced.

Heads and paint are those of the geometry benchmark, with seeds and turns of the panoramas of their
own. Each subject is made once and kept in a folder, for a picture takes Mitsuba a minute.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.files.radiance import read_radiance
from tests.benchmarks.gaussian.relit_person import NECK, panorama_of
from tests.benchmarks.geometry.clothes import torso
from tests.benchmarks.geometry.ict_heads import IctHeads, load_ict_heads
from tests.benchmarks.geometry.render import Lighting, photograph, render_layers
from tests.benchmarks.geometry.sampling import random_identity, random_shoot
from tests.benchmarks.geometry.skin import random_look

Array = NDArray[np.float64]

SUBJECTS: dict[int, str] = {
    8: "light",
    17: "light",
    6: "medium",
    13: "medium",
    14: "dark",
    2: "dark",
}
"""Seeds of the subjects, and the tone of skin that came out of each."""

SIZE = (576, 720)
_SAMPLES = 16


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a camera saw: 8-bit sRGB in one light, and the truth of the same view, linear RGB.

    `albedo` and `normals` (camera frame: right, down, forward) are the surfaces'; `relit` is the
    picture in the light `unseen`, a panorama as it stands around the head.
    """

    photo: NDArray[np.uint8]
    filmed: NDArray[np.float32]
    relit: NDArray[np.float32]
    albedo: NDArray[np.float32]
    normals: NDArray[np.float32]
    unseen: NDArray[np.float32]


def person(inputs: Path, folder: Path, subject: int) -> Person:
    """Return a person, made once and kept in `folder`."""
    kept = folder / f"person_{subject}.npz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        heads = load_ict_heads(inputs / "models" / "ict_facekit.tar.xz")
        np.savez_compressed(kept, **vars(_made(heads, inputs, subject)))
    with np.load(kept) as arrays:
        return Person(**{name: arrays[name] for name in arrays.files})


def _made(heads: IctHeads, inputs: Path, subject: int) -> Person:
    rng = np.random.default_rng([13, subject])
    look = random_look(rng)
    identity = random_identity(rng, len(heads.source.identity))
    garment = torso(NECK, 0.22, rng.uniform(0.05, 0.3, 3))
    neutral = heads.shape(identity, {})
    surfaces = [*heads.surfaces(neutral - heads.origin(neutral), look), garment]
    environments = balanced_environments(inputs)
    shoot = random_shoot(rng, environments[subject % 2 :][:1], SIZE)
    other = Lighting(
        environment=environments[1 - subject % 2],
        turn=rng.uniform(0, 2 * np.pi),
        strength=rng.uniform(0.4, 0.8),
        softbox=(rng.uniform(-1.0, 1.0), rng.uniform(0.1, 0.8), rng.uniform(4, 10)),
    )
    view = shoot.views[0]
    first = render_layers(surfaces, view, shoot.lighting, samples=_SAMPLES, seed=subject)
    second = render_layers(surfaces, view, other, samples=_SAMPLES, seed=subject + 100)
    # As a camera meters: for the face, darker skin a little darker.
    middle = np.linalg.norm(first.normals, axis=-1) > 0.5
    bright = np.median(first.picture[middle].mean(-1))
    key = 0.33 / bright * (np.mean(look.skin) / 0.35) ** 0.5
    return Person(
        photo=photograph(first.picture, key=key, rng=rng),
        filmed=first.picture.astype(np.float32),
        relit=second.picture.astype(np.float32),
        albedo=first.albedo.astype(np.float32),
        normals=(first.normals @ view.rotation.T).astype(np.float32),
        unseen=panorama_of(other).astype(np.float32),
    )


def balanced_environments(inputs: Path) -> tuple[Array, ...]:
    """Return the panoramas as a camera balances their white, of mean 1."""
    found: list[Array] = []
    for path in sorted((inputs / "hdr").glob("*.hdr")):
        pixels = read_radiance(path).numpy().astype(np.float64).clip(0, 40)
        grey = pixels.mean((0, 1))
        balanced = pixels / (grey / grey.mean()) ** 0.92
        found.append(balanced / balanced.mean())
    return tuple(found)


def mirrored(light: Lighting) -> Lighting:
    """Return a light whose softbox shines from the other side."""
    if light.softbox is None:
        return light
    azimuth, elevation, radiance = light.softbox
    return replace(light, softbox=(-azimuth, elevation, radiance))
