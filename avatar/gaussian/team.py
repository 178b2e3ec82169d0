"""Several processes that train one avatar together, as torchrun starts them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True, kw_only=True)
class Team:
    """This process's place among `size` processes; the one of rank 0 leads: it reads and writes."""

    rank: int = 0
    size: int = 1

    @staticmethod
    def joined() -> "Team":
        """Return the team that torchrun started this process in; alone without torchrun."""
        started = {"RANK", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()
        if not started or int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return Team()
        if not distributed.is_initialized():
            distributed.init_process_group("gloo")
        return Team(rank=distributed.get_rank(), size=distributed.get_world_size())

    @property
    def leads(self) -> bool:
        """Whether this process reads and writes for all."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.size > 1:
            distributed.barrier()

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace the tensors by their means over all processes, which hold the same shapes."""
        if self.size == 1:
            return
        own = list(tensors)
        row = torch.cat([tensor.flatten() for tensor in own])
        distributed.all_reduce(row)
        pieces = (row / self.size).split([tensor.numel() for tensor in own])
        for tensor, piece in zip(own, pieces, strict=True):
            tensor.copy_(piece.view_as(tensor))
