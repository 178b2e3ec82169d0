"""Many small tensor computations side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_pieces(function: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
    """Return `function` of every piece, without gradients, one thread per piece at a time.

    As many threads as torch uses, each running its operations alone: spreading hundreds of short
    operations over threads one by one costs more than it gains, and on a busy machine every
    one of them waits for the slowest thread.
    """
    threads = torch.get_num_threads()
    if threads == 1 or len(pieces) < 2:
        return [function(piece) for piece in pieces]

    def run(piece: Piece) -> Result:
        with torch.no_grad():
            return function(piece)

    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(run, pieces))
    finally:
        # The workers' setting is theirs, but also the default of threads to come.
        torch.set_num_threads(threads)
