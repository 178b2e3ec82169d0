"""Path-traced pictures of synthetic people beside the rasterised ones: the reference set.

    python assets/scripts/people/make_reference.py --people 20 --work FOLDER --ict PATH

Run from the repository's root with it on PYTHONPATH; needs Mitsuba 3. A picture takes half a
minute of one processor core or less; those that are there already are kept.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from families import load_families
from people import People, Shot
from picture import PLAIN, UNSEEN, Subject
from PIL import Image
from props import Prop

from avatar.core.mesh import MeshPart, vertex_normals
from avatar.files.atomic import atomic_outputs
from tests.benchmarks.geometry.render import Lighting, View, photograph, render
from tests.benchmarks.geometry.surface import Surface

SAMPLES = 24


def surfaces_of(subject: Subject) -> list[Surface]:
    """Return a subject as the path tracer takes it."""
    parts = [part for part in subject.family.model.parts if not part.material.startswith(UNSEEN)]
    head = [_part(subject, part) for part in parts]
    return head + [_prop(prop, number) for number, prop in enumerate(subject.props)]


def _part(subject: Subject, part: MeshPart) -> Surface:
    model = subject.family.model
    normals = vertex_normals(subject.vertices, part.faces)
    corners = torch.stack([part.faces.flatten(), part.uv_faces.flatten()], 1)
    pairs, flat = corners.unique(dim=0, return_inverse=True)
    rough = 0.08 if part.material == "eye" else 0.35
    if part.material == "skin":
        albedo, rough = subject.paint.albedo, float(subject.paint.roughness.mean())
    elif part.material == "eye":
        albedo = subject.paint.eye[..., :3]
    else:
        albedo = torch.tensor(PLAIN[part.material]).expand(4, 4, 3)
    return Surface(
        name=part.name,
        vertices=subject.vertices[pairs[:, 0]].double().numpy(),
        normals=normals[pairs[:, 0]].double().numpy(),
        uvs=model.uvs[pairs[:, 1]].double().numpy(),
        faces=flat.reshape(-1, 3).numpy(),
        albedo=albedo.double().numpy(),
        roughness=rough,
    )


def _prop(prop: Prop, number: int) -> Surface:
    color = prop.colors[prop.faces.unique()].mean(0)
    return Surface(
        name=f"prop{number}",
        vertices=prop.vertices.double().numpy(),
        normals=vertex_normals(prop.vertices, prop.faces).double().numpy(),
        uvs=np.zeros((len(prop.vertices), 2)),
        faces=prop.faces.numpy(),
        albedo=color.expand(4, 4, 3).double().numpy(),
        roughness=prop.roughness,
    )


def traced(shot: Shot, rng: np.random.Generator) -> np.ndarray:
    """Return the path-traced picture of a shot as 8-bit sRGB, exposed like the rasterised one."""
    camera = shot.camera
    view = View(
        intrinsics=camera.intrinsics.double().numpy(),
        rotation=camera.camera_from_world.rotation.double().numpy(),
        translation=camera.camera_from_world.translation.double().numpy(),
        width=camera.width,
        height=camera.height,
    )
    # Mitsuba's panoramas run the other way round.
    panorama = shot.surroundings.panorama.flip(1).double().numpy()
    lighting = Lighting(environment=panorama, turn=0.0, strength=1.0)
    linear = render(
        surfaces_of(shot.subject), view, lighting, samples=SAMPLES, seed=int(rng.integers(2**31))
    )
    return photograph(linear, key=shot.exposure, rng=rng)


def main() -> None:
    """Trace what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seed", type=int, default=90001)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ict", type=Path, help="ICT-FaceKit's folder or archive")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    people = People(load_families(arguments.ict), arguments.seed)
    for number, (shot, _) in enumerate(islice(people.pairs(), arguments.people)):
        path = arguments.work / f"reference_{arguments.seed}_{number:04d}.png"
        if path.exists():
            continue
        rng = np.random.default_rng([arguments.seed, number])
        both = np.concatenate([shot.pixels.numpy(), traced(shot, rng)], 1)
        with atomic_outputs([path]) as temporary:
            Image.fromarray(both).save(temporary[path], format="PNG")


if __name__ == "__main__":
    main()
