"""Blender's import agrees with our own evaluation.  python blender_positions.py HEAD.json...

Runs where PyPI's `bpy` is installed, and nothing of ours. Compares every vertex at rest, with each
morph, in a posed skeleton and at moments of the animation, and looks on which side each left or
right morph acts.
"""

import json
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

TOLERANCE = 1e-5  # metres
SIDEWAYS = {"jawLeft", "jawRight", "mouthLeft", "mouthRight"}

# Blender's axes from glTF's: (x, y, z) becomes (x, -z, y).
BLENDER_FROM_GLTF = Matrix(((1, 0, 0), (0, 0, -1), (0, 1, 0)))


def import_head(path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path), merge_vertices=False)


def shown_by(mesh: str) -> bpy.types.Object:
    """Return the object of a mesh: the importer moves animated ones to objects of other names."""
    return next(o for o in bpy.data.objects if o.type == "MESH" and o.data.name == mesh)


def positions(description: dict) -> np.ndarray:
    """Return the evaluated vertices of every part in glTF's axes."""
    graph = bpy.context.evaluated_depsgraph_get()
    found = []
    for entry in description["meshes"]:
        evaluated = shown_by(entry["mesh"]).evaluated_get(graph)
        mesh = evaluated.to_mesh()
        flat = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", flat)
        points = flat.reshape(-1, 3)
        assert len(points) == entry["vertices"], f"{entry['mesh']}: {len(points)} vertices"
        world = np.array(evaluated.matrix_world)
        points = points @ world[:3, :3].T + world[:3, 3]
        found.append(points[:, [0, 2, 1]] * [1, 1, -1])
        evaluated.to_mesh_clear()
    return np.concatenate(found)


def clear_animation() -> None:
    for item in [*bpy.data.objects, *bpy.data.shape_keys]:
        item.animation_data_clear()


def set_pose(description: dict, state: dict) -> None:
    for entry in description["meshes"]:
        keys = shown_by(entry["mesh"]).data.shape_keys
        if keys is None:
            continue
        names = [key.name for key in keys.key_blocks]
        assert names == ["Basis", *description["targets"]], f"{entry['mesh']}: {names}"
        for name, weight in zip(description["targets"], state["weights"], strict=True):
            keys.key_blocks[name].value = weight
    armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    for name, (x, y, z, w) in state["rotations"].items():
        bone = armature.pose.bones[name]
        turn = BLENDER_FROM_GLTF @ Quaternion((w, x, y, z)).to_matrix()
        turn = turn @ BLENDER_FROM_GLTF.transposed()
        rest = bone.bone.matrix_local.to_3x3()
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = (rest.transposed() @ turn @ rest).to_quaternion()
    bpy.context.view_layer.update()


def set_time(time: float) -> None:
    frame = time * bpy.context.scene.render.fps
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)


def check_side(name: str, rest: np.ndarray, moved: np.ndarray) -> None:
    """Make sure that a morph named for a side acts there; +X is the subject's left."""
    side = 1 if name.endswith("Left") else -1 if name.endswith("Right") else 0
    shift = moved - rest
    amount = np.linalg.norm(shift, axis=1)
    assert amount.max() > 1e-6, f"{name} moves nothing"
    across = shift[:, 0] if name in SIDEWAYS else amount * rest[:, 0]
    assert side * across.sum() >= 0, f"{name} acts on the wrong side"


def check(path: Path) -> float:
    description = json.loads(path.read_text())
    import_head(path.with_suffix(".glb"))
    states = description["states"]
    expected = np.fromfile(path.with_suffix(".f32"), "<f4").reshape(len(states), -1, 3)
    worst: list[tuple[float, str]] = []

    def compare(state: dict, truth: np.ndarray) -> np.ndarray:
        found = positions(description)
        distance = np.linalg.norm(found - truth, axis=1).max()
        worst.append((float(distance), state["name"]))
        return found

    # Moments of the animation first: posing by hand needs it gone.
    for state, truth in zip(states, expected, strict=True):
        if state["time"] is not None:
            set_time(state["time"])
            compare(state, truth)
    clear_animation()
    rest = None
    for state, truth in zip(states, expected, strict=True):
        if state["time"] is None:
            set_pose(description, state)
            found = compare(state, truth)
            rest = found if rest is None else rest
            if state["name"] in description["targets"]:
                check_side(state["name"], rest, found)
    largest, where = max(worst)
    report = f"{path}: {len(worst)} states, worst {largest * 1e3:.6f} mm ({where})"
    sys.stdout.write(f"Blender    {report}\n")
    return largest


if __name__ == "__main__":
    sys.exit(not all(check(Path(argument)) <= TOLERANCE for argument in sys.argv[1:]))
