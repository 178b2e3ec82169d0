"""A person who does not exist, filmed in one light and photographed in another, both path-traced.

The head, its paint and the light are those of the geometry benchmark (Mitsuba 3); the person talks,
smiles, blinks and turns before a camera that stands still.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.files.radiance import read_radiance
from tests.benchmarks.geometry.clothes import torso
from tests.benchmarks.geometry.ict_heads import METRES_PER_CENTIMETRE, IctHeads, load_ict_heads
from tests.benchmarks.geometry.render import (
    SOFTBOX_DISTANCE,
    SOFTBOX_SIZE,
    Lighting,
    View,
    photograph,
    render_layers,
)
from tests.benchmarks.geometry.sampling import random_identity
from tests.benchmarks.geometry.skin import random_look

Array = NDArray[np.float64]

SIDE, SHOWN, DISTANCE = 256, 0.25, 0.9
"""Pixels, metres across the picture at the face, metres to the camera."""

FRAMES, HELD_OUT = 34, 5
NECK = np.array([0.0, -0.135, -0.095])
_SAMPLES = 16

UNSEEN = ("panorama", "softbox")
"""Another place, and one lamp from the side with little else."""

_SOFTBOX = (1.0, 0.45, 9.0)
_DIM = 0.12


@dataclass(frozen=True, kw_only=True)
class RelitPerson:
    """The film (8-bit sRGB), and of its last frames the truth in each of `UNSEEN`.

    `filmed` and `relit` are linear RGB; `albedo` is the surfaces'; `covered` tells the person from
    what stands behind; `unseen` are the other lights' panoramas as they stand around the head.
    """

    film: NDArray[np.uint8]
    filmed: Array
    relit: Array
    albedo: Array
    covered: NDArray[np.bool_]
    unseen: Array


def relit_person(inputs: Path, folder: Path, subject: int) -> RelitPerson:
    """Return a person, made once and kept in `folder`."""
    kept = folder / f"relit_{subject}.npz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, **vars(_made(inputs, subject)))
    with np.load(kept) as arrays:
        return RelitPerson(**{name: arrays[name] for name in arrays.files})


def _made(inputs: Path, subject: int) -> RelitPerson:
    heads = load_ict_heads(inputs / "models" / "ict_facekit.tar.xz")
    rng = np.random.default_rng([11, subject])
    look = random_look(rng)
    identity = random_identity(rng, len(heads.source.identity))
    origin = heads.origin(heads.shape(identity, {}))
    garment = torso(NECK, 0.22, rng.uniform(0.05, 0.3, 3))
    filming, unseen = _lights(inputs, subject)
    view = _view()

    def shot(frame: int, lighting: Lighting) -> tuple[Array, Array, Array]:
        vertices = _performed(heads, identity, origin, frame / FRAMES)
        surfaces = [*heads.surfaces(vertices, look), garment]
        layers = render_layers(surfaces, view, lighting, samples=_SAMPLES, seed=frame)
        return layers.picture, layers.albedo, layers.normals

    shots = [shot(frame, filming) for frame in range(FRAMES)]
    last = range(FRAMES - HELD_OUT, FRAMES)
    others = [np.stack([shot(frame, light)[0] for frame in last]) for light in unseen]
    covered = np.stack([np.linalg.norm(shots[frame][2], axis=-1) > 0.5 for frame in last])
    face = (slice(SIDE // 3, 2 * SIDE // 3),) * 2
    key = 0.3 / np.median([picture[face].mean(-1) for picture, _, _ in shots])
    keys = [0.3 / np.median(pictures[:, face[0], face[1]].mean(-1)) for pictures in others]
    return RelitPerson(
        film=np.stack([photograph(picture, key=key, rng=rng) for picture, _, _ in shots]),
        filmed=np.stack([shots[frame][0] * key for frame in last]),
        relit=np.stack([pictures * key for pictures, key in zip(others, keys, strict=True)]),
        albedo=np.stack([shots[frame][1] for frame in last]),
        covered=covered,
        unseen=np.stack([panorama_of(light) for light in unseen]),
    )


def panorama_of(lighting: Lighting) -> Array:
    """Return the panorama of a light as the head sees it, its softbox painted in."""
    turned = np.roll(
        lighting.environment * lighting.strength,
        round(-lighting.turn / (2 * np.pi) * lighting.environment.shape[1]),
        1,
    )
    if lighting.softbox is None:
        return turned
    azimuth, elevation, radiance = lighting.softbox
    height, width = turned.shape[:2]
    polar = (np.arange(height)[:, None] + 0.5) / height * np.pi
    around = ((np.arange(width)[None] + 0.5) / width - 0.5) * 2 * np.pi
    x, y, z = -np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)
    # In the softbox's own axes: it is SOFTBOX_SIZE about a place SOFTBOX_DISTANCE away.
    z, x = (
        z * np.cos(azimuth) + x * np.sin(azimuth),
        x * np.cos(azimuth) - z * np.sin(azimuth),
    )
    ahead = z * np.cos(elevation) + y * np.sin(elevation)
    up = y * np.cos(elevation) - z * np.sin(elevation)
    reach = SOFTBOX_DISTANCE / np.maximum(ahead, 1e-6)
    wide, high = SOFTBOX_SIZE
    inside = (ahead > 0) & (np.abs(x * reach) < wide) & (np.abs(up * reach) < high)
    return np.where(inside[..., None], radiance, turned)


def _lights(inputs: Path, subject: int) -> tuple[Lighting, tuple[Lighting, ...]]:
    """Return a light to film in, and those of `UNSEEN`; subjects differ in which is which."""
    lights: list[Lighting] = []
    for path in sorted((inputs / "hdr").glob("*.hdr")):
        pixels = read_radiance(path).numpy().astype(np.float64).clip(0, 60)
        # A camera's white balance: neither sky nor street lamps stay as coloured as they are.
        grey = pixels.mean((0, 1))
        balanced = pixels / (grey / grey.mean()) ** 0.9
        turn = 0.9 if lights else 2.4
        lights.append(Lighting(environment=balanced / balanced.mean(), turn=turn, strength=1.0))
    filming, other = lights[:2] if subject % 2 else lights[1::-1]
    side = replace(filming, strength=_DIM, softbox=_SOFTBOX)
    return filming, (other, side)


def _view() -> View:
    focal = SIDE * DISTANCE / SHOWN
    middle = (SIDE - 1) / 2
    # Down is -Y, forward -Z, from a place before the face.
    rotation = np.diag([1.0, -1.0, -1.0])
    place = np.array([0.0, -0.035, DISTANCE])
    return View(
        intrinsics=np.array([[focal, 0, middle], [0, focal, middle], [0, 0, 1.0]]),
        rotation=rotation,
        translation=-rotation @ place,
        width=SIDE,
        height=SIDE,
    )


def _performed(heads: IctHeads, identity: Array, origin: Array, time: float) -> Array:
    """Return the vertices (centimetres) at a time of the film, 0 to 1."""
    phase = 2 * np.pi * time
    smile, blink = max(0.0, np.sin(phase)) * 0.7, max(0.0, np.sin(5 * phase) - 0.8) * 5
    expression = {
        "jawOpen": 0.2 - 0.2 * np.cos(7 * phase),
        **dict.fromkeys(("mouthSmile_L", "mouthSmile_R"), smile),
        **dict.fromkeys(("eyeBlink_L", "eyeBlink_R"), blink),
        **dict.fromkeys(("browInnerUp_L", "browInnerUp_R"), max(0.0, -np.sin(phase)) * 0.8),
    }
    vertices = heads.shape(identity, expression) - origin
    pivot = NECK / METRES_PER_CENTIMETRE
    share = np.clip((vertices[:, 1] - pivot[1] + 2) / 8, 0, 1)[:, None]
    yaw, pitch = 0.35 * np.sin(2 * phase + 0.4), 0.1 * np.cos(3 * phase)
    for angle, axis in ((pitch, np.eye(3)[0]), (yaw, np.eye(3)[1])):
        vertices = pivot + _turned(vertices - pivot, axis, angle * share)
    return vertices


def _turned(vectors: Array, axis: Array, angles: Array) -> Array:
    along = (vectors @ axis)[:, None] * axis
    across = vectors - along
    return along + np.cos(angles) * across + np.sin(angles) * np.cross(axis, across)
