"""A glTF 2.0 document under construction, and its binary container.

Written by hand because the format is simpler than the libraries around it: trimesh drops morph
targets and skins, and pygltflib's own round trip damages sparse accessors.
"""

import json
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from avatar.core.errors import OutputError
from avatar.export.encode_image import EncodedImage

Json = dict[str, Any]
Array = NDArray[Any]

ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963

_TRILINEAR = {"magFilter": 9729, "minFilter": 9987}
_CLAMPED = {"wrapS": 33071, "wrapT": 33071}

_COMPONENT_TYPES = {"uint8": 5121, "uint16": 5123, "uint32": 5125, "float32": 5126}
_ELEMENT_TYPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_BYTES_LIMIT = 2**32 - 1


class GltfDocument:
    """JSON objects that refer to each other by index, and the one buffer that holds their data."""

    def __init__(self, asset: Json, *, textures_repeat: bool = False) -> None:
        """Begin with what `asset` says; textures are clamped at their edges unless they repeat."""
        self._json: Json = {"asset": {"version": "2.0", **asset}}
        self._chunks: list[bytes] = []
        self._size = 0
        self._textures: dict[bytes, int] = {}
        self._sampler = _TRILINEAR if textures_repeat else _TRILINEAR | _CLAMPED

    def add(self, collection: str, item: Json) -> int:
        """Append an object to a top-level array such as `nodes` and return its index."""
        items: list[Json] = self._json.setdefault(collection, [])
        items.append(item)
        return len(items) - 1

    def set(self, name: str, value: object) -> None:
        """Set a top-level property that is no array of objects, such as `scene`."""
        self._json[name] = value

    def use_extension(self, name: str) -> None:
        """Say that the document uses an extension, which readers may ignore."""
        used: list[str] = self._json.setdefault("extensionsUsed", [])
        if name not in used:
            used.append(name)

    def add_data(self, data: bytes, target: int | None = None) -> int:
        """Append bytes to the buffer, aligned as every accessor needs, and return their view."""
        view: Json = {"buffer": 0, "byteOffset": self._size, "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        padded = data + bytes(-len(data) % 4)
        self._chunks.append(padded)
        self._size += len(padded)
        return self.add("bufferViews", view)

    def add_accessor(
        self, values: Array, *, target: int | None = None, bounds: bool = False
    ) -> int:
        """Store an array, rows first, and return its accessor.

        A row is a number, a vector or a matrix stored by columns; `target` tells vertex attributes
        and triangle indices from the rest; `bounds` states the smallest and largest row.

        Raises:
            OutputError: a value is infinite or not a number.
        """
        accessor = self._described(values, bounds=bounds)
        accessor["bufferView"] = self.add_data(np.ascontiguousarray(values).tobytes(), target)
        return self.add("accessors", accessor)

    def add_sparse_accessor(self, count: int, rows: Array, values: Array) -> int:
        """Store only the given rows (rising) of `count` that are zero elsewhere, with bounds."""
        accessor = self._described(values, bounds=True) | {"count": count}
        if len(rows) < count:
            accessor["min"] = np.minimum(accessor["min"], 0).tolist()
            accessor["max"] = np.maximum(accessor["max"], 0).tolist()
        indices = rows.astype(smallest_index_type(count))
        accessor["sparse"] = {
            "count": len(indices),
            "indices": {
                "bufferView": self.add_data(indices.tobytes()),
                "componentType": _COMPONENT_TYPES[indices.dtype.name],
            },
            "values": {"bufferView": self.add_data(np.ascontiguousarray(values).tobytes())},
        }
        return self.add("accessors", accessor)

    def add_texture(self, image: EncodedImage, name: str) -> int:
        """Embed an image, once however often it is used, and return its texture."""
        if image.data not in self._textures:
            if not self._textures:
                self.add("samplers", self._sampler)
            view = self.add_data(image.data)
            item = {"name": name, "bufferView": view, "mimeType": image.mime_type}
            source = self.add("images", item)
            self._textures[image.data] = self.add("textures", {"sampler": 0, "source": source})
        return self._textures[image.data]

    def write(self, file: BinaryIO) -> None:
        """Write the document as one binary file (.glb).

        Raises:
            OutputError: the file would be larger than the format's 4 GiB.
        """
        document = {**self._json, "buffers": [{"byteLength": self._size}]}
        text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + self._size
        if total > _BYTES_LIMIT:
            raise OutputError(
                f"the .glb would hold {total / 2**30:.1f} GiB, its limit is 4; use smaller textures"
            )
        file.write(struct.pack("<4sII", b"glTF", 2, total))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", self._size, b"BIN\0"))
        file.writelines(self._chunks)

    def _described(self, values: Array, *, bounds: bool) -> Json:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise OutputError(
                "avatar: its arrays hold values that are infinite or not a number; fit it again"
            )
        accessor: Json = {
            "componentType": _COMPONENT_TYPES[values.dtype.name],
            "count": len(values),
            "type": _ELEMENT_TYPES[values.shape[1:]],
        }
        if bounds:
            accessor["min"] = np.atleast_1d(values.min(0)).tolist()
            accessor["max"] = np.atleast_1d(values.max(0)).tolist()
        return accessor


def smallest_index_type(count: int) -> np.dtype[Any]:
    """Return the narrowest type that indexes `count` items and that every graphics API takes.

    65535 itself is left out: it restarts a primitive.
    """
    return np.dtype(np.uint16 if count <= 65535 else np.uint32)
