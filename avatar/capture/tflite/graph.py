"""A TensorFlow Lite model as a graph: its operators in order, its constants decoded to float.

Source: TensorFlow Lite's published schema, version 3; the numbers below are its field indices and
enum values.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.capture.tflite.flatbuffer import FlatTable
from avatar.capture.tflite.sparsity import dense_from_sparse
from avatar.core.errors import ModelError

_DTYPES = {0: "f4", 1: "f2", 2: "i4", 3: "u1", 4: "i8", 9: "i1"}
_DEQUANTIZE, _CUSTOM, _DENSIFY = 6, 32, 124


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One step of a graph: an operator's code or custom name, its options and tensor indices."""

    code: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: FlatTable | None
    custom_options: bytes

    def option(self, field: int, code: str = "b", default: int = 0) -> int:
        """Return a number of the operator's options, by its index in the schema."""
        return default if self.options is None else self.options.scalar(field, code, default)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network: tensors are numbered; `constants` holds those that are not computed."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...]
    operators: tuple[Operator, ...]
    constants: dict[int, NDArray[np.generic]]
    shapes: dict[int, tuple[int, ...]]


def read_graph(path: Path) -> Graph:
    """Read a `.tflite` file, turning half-precision and sparse constants into float arrays.

    Raises:
        ModelError: the file is missing, damaged, or not a single-graph model.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model file {path.name}: cannot be read ({error.strerror})") from error
    if data[4:8] != b"TFL3":
        raise ModelError(f"model file {path.name}: not a TensorFlow Lite model")
    model = FlatTable.root(data)
    subgraphs = model.tables(2)
    if len(subgraphs) != 1:
        raise ModelError(f"model file {path.name}: expected one graph, got {len(subgraphs)}")
    graph = subgraphs[0]
    tensors = graph.tables(0)
    operators = _operators(graph.tables(3), model.tables(1))
    constants = _constants(tensors, model.tables(4))
    outputs = graph.integers(2)
    return _without_decoding(
        Graph(
            inputs=tuple(graph.integers(1)),
            outputs=tuple(outputs),
            output_names=tuple(tensors[index].text(3) for index in outputs),
            operators=operators,
            constants=constants,
            shapes={index: tuple(tensor.integers(0)) for index, tensor in enumerate(tensors)},
        )
    )


def _operators(tables: list[FlatTable], codes: list[FlatTable]) -> tuple[Operator, ...]:
    # Old files keep the operator's code in a signed byte, newer ones in a 32-bit field.
    numbers = [max(code.scalar(0, "b"), code.scalar(3, "i")) for code in codes]
    names = [code.text(1) for code in codes]
    return tuple(
        Operator(
            code=numbers[table.scalar(0, "I")],
            name=names[table.scalar(0, "I")],
            inputs=tuple(table.integers(1)),
            outputs=tuple(table.integers(2)),
            options=table.table(4),
            custom_options=table.array(5, "u1").tobytes(),
        )
        for table in tables
    )


def _constants(
    tensors: list[FlatTable], buffers: list[FlatTable]
) -> dict[int, NDArray[np.generic]]:
    constants: dict[int, NDArray[np.generic]] = {}
    for index, tensor in enumerate(tensors):
        kind = tensor.scalar(1, "b")
        if kind not in _DTYPES:
            raise ModelError(f"model file: tensor type {kind} is not supported")
        values = buffers[tensor.scalar(2, "I")].array(0, "u1").view(_DTYPES[kind])
        if values.size:
            sparsity, shape = tensor.table(6), tensor.integers(0)
            constants[index] = (
                values.reshape(shape)
                if sparsity is None
                else dense_from_sparse(values, shape, sparsity)
            )
    return constants


def _without_decoding(graph: Graph) -> Graph:
    """Drop the operators that only unpack constants, putting their results among the constants."""
    constants = dict(graph.constants)
    remaining: list[Operator] = []
    for operator in graph.operators:
        if operator.code in (_DEQUANTIZE, _DENSIFY) and operator.inputs[0] in constants:
            constants[operator.outputs[0]] = constants[operator.inputs[0]]
        else:
            remaining.append(operator)
    used = {index for operator in remaining for index in operator.inputs}
    decoded = {
        index: value.astype("f4") if value.dtype.kind == "f" else value
        for index, value in constants.items()
        if index in used
    }
    return Graph(
        inputs=graph.inputs,
        outputs=graph.outputs,
        output_names=graph.output_names,
        operators=tuple(remaining),
        constants=decoded,
        shapes=graph.shapes,
    )
