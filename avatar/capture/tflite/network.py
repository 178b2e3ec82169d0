"""Runs a TensorFlow Lite model as a torch module, batched, on any device."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from avatar.capture.tflite.custom_ops import CUSTOM
from avatar.capture.tflite.graph import Graph, Operator, read_graph
from avatar.capture.tflite.ops import BUILTIN, Step
from avatar.core.errors import ModelError

_OFTEN = 32
"""Calls with one shape of input after which a trace of half a second is worth it."""


class Network(torch.nn.Module):
    """A TensorFlow Lite graph whose input and outputs keep TensorFlow's layout.

    The input is (batch, height, width, channels); every output's first axis is the batch, though
    the file was written for a batch of one. Constants are buffers, so `to(device)` moves them.
    Inputs whose shape comes again and again, as in videos, are run from a trace: a third faster,
    and without holding up other threads.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        tensors = {index: torch.tensor(values) for index, values in graph.constants.items()}
        self._weights = [index for index, tensor in tensors.items() if tensor.is_floating_point()]
        for index in self._weights:
            self.register_buffer(f"tensor{index}", tensors[index], persistent=False)
        # Integers are sizes and axes that steer the steps: on a GPU they would stall it.
        self._sizes = {i: tensor for i, tensor in tensors.items() if i not in set(self._weights)}
        self._steps = [(operator, _step(operator)) for operator in graph.operators]
        self._last_use = _last_uses(graph)
        self._calls: dict[tuple[object, ...], int] = {}
        self._traces: dict[tuple[object, ...], torch.jit.ScriptModule] = {}

    @torch.no_grad()
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs, in the file's order."""
        if torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
            return self._interpreted(x)
        key = (x.device, x.dtype, *x.shape)
        if key not in self._traces:
            self._calls[key] = self._calls.get(key, 0) + 1
            if self._calls[key] < _OFTEN:
                return self._interpreted(x)
            self._traces[key] = _traced(self, x)
        return self._traces[key](x)

    def _interpreted(self, x: Tensor) -> tuple[Tensor, ...]:
        known: dict[int, Tensor] = {**self._sizes, self.graph.inputs[0]: x}
        known.update(zip(self._weights, self.buffers(), strict=True))
        for number, (operator, step) in enumerate(self._steps):
            arguments = [known[index] for index in operator.inputs if index >= 0]
            known[operator.outputs[0]] = step(*arguments)
            for index in self._last_use[number]:
                del known[index]
        return tuple(known[index] for index in self.graph.outputs)


def load_network(path: Path) -> Network:
    """Read a `.tflite` file into a `Network`.

    Raises:
        ModelError: the file is missing, damaged, or uses an operator outside our list.
    """
    return Network(read_graph(path)).eval()


@contextmanager
def one_thread() -> Generator[None]:
    """Run the body on one thread, then restore torch's thread count.

    These networks are so small that a second thread only adds waiting: on a busy two-core machine
    the 95th percentile of the mesh network rises from 9 to 341 ms.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _traced(network: Network, x: Tensor) -> torch.jit.ScriptModule:
    """Return the network for inputs of this shape, its constants folded in."""
    with warnings.catch_warnings():
        # What is warned of, sizes taken as constants, is meant; and TorchScript is on its way out.
        warnings.simplefilter("ignore")
        return torch.jit.freeze(torch.jit.trace(network, x, check_trace=False))


def _step(operator: Operator) -> Step:
    if operator.name in CUSTOM:
        return CUSTOM[operator.name](operator)
    if operator.code in BUILTIN:
        return BUILTIN[operator.code](operator)
    raise ModelError(f"model file: operator {operator.name or operator.code} is not supported")


def _last_uses(graph: Graph) -> list[list[int]]:
    """Return, per operator, the computed tensors no later operator or output needs."""
    kept = set(graph.outputs) | set(graph.inputs) | set(graph.constants)
    uses: list[list[int]] = [[] for _ in graph.operators]
    for number in reversed(range(len(graph.operators))):
        for index in (*graph.operators[number].inputs, *graph.operators[number].outputs):
            if index not in kept:
                kept.add(index)
                uses[number].append(index)
    return uses
