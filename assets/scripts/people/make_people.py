"""Make synthetic people: pictures and all that is true of them, in shards.

    python assets/scripts/people/make_people.py --shards 20 --work FOLDER --ict PATH

Run from the repository's root with it on PYTHONPATH. Each shard is a pair of files, made of its
own seed and written whole: a run that was broken off goes on with the shards that are missing,
and several runs may share a folder if their ranges differ. 1,000 pictures take about
three minutes of one processor core, of which the face networks take a third.

`people_SEED.safetensors` holds the truth and what the networks say, a row a picture, two rows a
person: see `Row`. `people_SEED.jpgs` are the pictures, one after another; `jpeg_ends` says where
each ends. With --maps, `maps_SEED.npz` has what each pixel shows (albedo, normal, roughness, skin)
and the UV maps of all looks.
"""

import argparse
import io
import time
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from detect_faces import detect
from families import Family, load_families
from people import SIZE, People, Shot
from picture import shrunk
from PIL import Image
from safetensors.torch import save
from synthetic_faces import SyntheticFace
from torch import Tensor

from avatar.capture.crop import Pyramid
from avatar.capture.face_features import face_features
from avatar.capture.mesh import crop_around
from avatar.files.atomic import atomic_write

PAIRS = 40


@dataclass(frozen=True, kw_only=True)
class Row:
    """One picture: truth in the default head's terms, then what the face networks say.

    `rotation` and `translation` are camera_from_head; `light` the harmonics as shown; `covered`
    the share of the face behind occluders; `points` the 478 points in pixels; `features` those of
    `avatar.capture.face_features`.
    """

    family: Tensor
    identity: Tensor
    expression: Tensor
    rotation: Tensor
    translation: Tensor
    intrinsics: Tensor
    light: Tensor
    covered: Tensor
    melanin: Tensor
    points: Tensor
    presence: Tensor
    features: Tensor


def row_of(shot: Shot, family: Family) -> Row:
    """Return a shot's truth and let the face networks look at it."""
    linear = shot.linear
    face = SyntheticFace(
        pixels=linear,
        camera=shot.camera,
        identity=shot.person.identity,
        expression=shot.expression,
        vertices=shot.vertices,
    )
    points, presence = detect(face, family.model)
    features = face_features(Pyramid(linear), crop_around(points))
    pose = shot.camera.camera_from_world @ shot.person.own_from_default
    return Row(
        family=torch.tensor(shot.person.family),
        identity=shot.person.identity,
        expression=shot.expression,
        rotation=pose.rotation,
        translation=pose.translation,
        intrinsics=shot.camera.intrinsics,
        light=shot.light,
        covered=torch.tensor(shot.covered_face),
        melanin=torch.tensor(shot.paint.melanin),
        points=points,
        presence=torch.tensor(presence),
        features=features.half(),
    )


def make_shard(families: tuple[Family, ...], seed: int, folder: Path, *, maps: bool) -> None:
    """Write one shard; the table comes last, so half a shard is none."""
    people = People(families, seed)
    rows: list[Row] = []
    jpegs: list[bytes] = []
    layers: list[dict[str, np.ndarray]] = []
    for pair in islice(people.pairs(), PAIRS):
        for shot in pair:
            rows.append(row_of(shot, families[shot.person.family]))
            jpegs.append(_jpeg(shot.pixels))
            if maps:
                layers.append(_maps(shot))
    with atomic_write(folder / f"people_{seed:05d}.jpgs") as stream:
        stream.write(b"".join(jpegs))
    if maps:
        with atomic_write(folder / f"maps_{seed:05d}.npz") as stream:
            np.savez_compressed(stream, **_stacked(layers), **_looks(people))
    table = {
        field.name: torch.stack([getattr(row, field.name) for row in rows]).contiguous()
        for field in fields(Row)
    }
    table["jpeg_ends"] = torch.tensor([len(jpeg) for jpeg in jpegs]).cumsum(0)
    with atomic_write(folder / f"people_{seed:05d}.safetensors") as stream:
        stream.write(save(table))


def _maps(shot: Shot) -> dict[str, np.ndarray]:
    layers = shot.layers
    flat = {
        "albedo": layers.albedo,
        "normals": (layers.normals + 1) / 2,
        "roughness": layers.roughness[..., None],
        "skin": layers.skin[..., None],
    }
    return {
        name: (shrunk(value, SIZE).clamp(0, 1) * 255 + 0.5).byte().numpy()
        for name, value in flat.items()
    }


def _stacked(layers: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.stack([layer[name] for layer in layers]) for name in layers[0]}


def _looks(people: People) -> dict[str, np.ndarray]:
    return {
        f"uv_{family}_{number}_{name}": getattr(look, name).half().numpy()
        for family, looks in enumerate(people.looks)
        for number, look in enumerate(looks)
        for name in ("albedo", "roughness", "height")
    }


def _jpeg(pixels: Tensor) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels.numpy()).save(stream, "JPEG", quality=92, subsampling=0)
    return stream.getvalue()


def main() -> None:
    """Make the shards that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="seed of the first shard")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ict", type=Path, help="ICT-FaceKit's folder or archive")
    parser.add_argument("--maps", action="store_true", help="also write what each pixel shows")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    families = load_families(arguments.ict)
    for seed in range(arguments.first, arguments.first + arguments.shards):
        if (arguments.work / f"people_{seed:05d}.safetensors").exists():
            continue
        start = time.process_time()
        make_shard(families, seed, arguments.work, maps=arguments.maps)
        seconds = (time.process_time() - start) / (2 * PAIRS)
        print(f"shard {seed}: {1000 * seconds:.0f} ms of processor time a picture", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
