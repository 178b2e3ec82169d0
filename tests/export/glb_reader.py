"""A reader of .glb files made for the tests alone, from the specification: it shares no code."""

import json
import struct
from pathlib import Path

import numpy as np

DTYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
SHAPES = {"SCALAR": (), "VEC2": (2,), "VEC3": (3,), "VEC4": (4,), "MAT4": (4, 4)}


class Glb:
    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON"
        assert size % 4 == 0
        self.json = json.loads(data[20 : 20 + size])
        binary, kind = struct.unpack_from("<I4s", data, 20 + size)
        assert kind == b"BIN\0"
        self.binary = data[28 + size :]
        assert len(self.binary) == binary == self.json["buffers"][0]["byteLength"]

    def view(self, index: int) -> bytes:
        view = self.json["bufferViews"][index]
        start = view.get("byteOffset", 0)
        assert start % 4 == 0
        assert start + view["byteLength"] <= len(self.binary)
        return self.binary[start : start + view["byteLength"]]

    def array(self, index: int) -> np.ndarray:
        """Return an accessor's rows; matrices row by row, as mathematics writes them."""
        accessor = self.json["accessors"][index]
        dtype, shape = DTYPES[accessor["componentType"]], SHAPES[accessor["type"]]
        values = np.zeros((accessor["count"], *shape), dtype)
        if "bufferView" in accessor:
            found = np.frombuffer(self.view(accessor["bufferView"]), dtype)
            values[:] = found.reshape(values.shape)
        if "sparse" in accessor:
            sparse = accessor["sparse"]
            indices = np.frombuffer(
                self.view(sparse["indices"]["bufferView"]),
                DTYPES[sparse["indices"]["componentType"]],
            )
            assert len(indices) == sparse["count"]
            assert (np.diff(indices.astype(int)) > 0).all()
            found = np.frombuffer(self.view(sparse["values"]["bufferView"]), dtype)
            values[indices] = found.reshape(-1, *shape)
        if "min" in accessor:
            assert np.array_equal(np.atleast_1d(values.min(0)), accessor["min"])
            assert np.array_equal(np.atleast_1d(values.max(0)), accessor["max"])
        return values.swapaxes(1, 2) if shape == (4, 4) else values

    def mesh_node(self, mesh_name: str) -> dict:
        """Return the node that shows a mesh."""
        found = [
            node
            for node in self.json["nodes"]
            if "mesh" in node and self.json["meshes"][node["mesh"]]["name"] == mesh_name
        ]
        assert len(found) == 1
        return found[0]

    def primitive(self, mesh_name: str) -> dict:
        (primitive,) = self.json["meshes"][self.mesh_node(mesh_name)["mesh"]]["primitives"]
        return primitive

    def attribute(self, mesh_name: str, name: str) -> np.ndarray:
        return self.array(self.primitive(mesh_name)["attributes"][name])

    def indices(self, mesh_name: str) -> np.ndarray:
        return self.array(self.primitive(mesh_name)["indices"]).astype(int)

    def morphed(self, mesh_name: str, weights: np.ndarray, name: str = "POSITION") -> np.ndarray:
        """Return an attribute with morph targets applied."""
        values = self.attribute(mesh_name, name).astype(float)
        for weight, target in zip(
            weights, self.primitive(mesh_name).get("targets", []), strict=False
        ):
            if weight:
                values = values + weight * self.array(target[name])
        return values

    def posed(
        self, mesh_name: str, weights: np.ndarray, rotations: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Return world positions with morphs and with 3x3 rotations of the nodes named."""
        node = self.mesh_node(mesh_name)
        points = self.morphed(mesh_name, weights)
        world = self.world_matrices(rotations)
        skin = self.json["skins"][node["skin"]]
        inverse = self.array(skin["inverseBindMatrices"]).astype(float)
        moves = np.stack([world[j] @ m for j, m in zip(skin["joints"], inverse, strict=True)])
        joints = self.attribute(mesh_name, "JOINTS_0").astype(int)
        blend = self.attribute(mesh_name, "WEIGHTS_0").astype(float)
        matrices = (blend[..., None, None] * moves[joints]).sum(1)
        homogeneous = np.concatenate([points, np.ones((len(points), 1))], 1)
        return (matrices @ homogeneous[..., None])[:, :3, 0]

    def world_matrices(self, rotations: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Return every node's matrix; rotations replace those of the nodes named."""
        nodes = self.json["nodes"]
        local = []
        for node in nodes:
            matrix = np.eye(4)
            matrix[:3, 3] = node.get("translation", [0, 0, 0])
            assert not {"rotation", "scale", "matrix"} & set(node)
            matrix[:3, :3] = rotations.get(node["name"], np.eye(3))
            local.append(matrix)
        world = [np.eye(4)] * len(nodes)

        def visit(index: int, parent: np.ndarray) -> None:
            world[index] = parent @ local[index]
            for child in nodes[index].get("children", []):
                visit(child, world[index])

        for root in self.json["scenes"][self.json["scene"]]["nodes"]:
            visit(root, np.eye(4))
        return world
