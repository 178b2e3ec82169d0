"""Two processes that train together stay the same, and learn what one alone learns."""

import os
import socket
from pathlib import Path

import torch
from torch import distributed, multiprocessing
from torch.testing import assert_close

from avatar.gaussian.options import TrainOptions
from avatar.gaussian.team import Team
from avatar.gaussian.trainer import Trainer
from tests.gaussian.scene import made_up_take

OPTIONS = TrainOptions(splats=600, size=64, steps=120, codes=3, seed=2)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def trained(team: Team) -> Trainer:
    torch.set_num_threads(1)
    trainer = Trainer(made_up_take(), OPTIONS, team)
    while not trainer.finished:
        trainer.advance()
    return trainer


def train_as(rank: int, port: int, folder: str) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank)}
    team = Team.joined()
    assert (team.rank, team.size, team.leads) == (rank, 2, rank == 0)
    trainer = trained(team)
    kept = {"colors": trainer.splats().colors, "scores": torch.tensor(trainer.scores)}
    torch.save(kept, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


def test_two_processes_learn_what_one_does_in_half_the_steps(tmp_path):
    multiprocessing.spawn(train_as, (free_port(), str(tmp_path)), nprocs=2)
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert_close(one["colors"], other["colors"], rtol=0, atol=0)
    alone = trained(Team())
    assert len(alone.scores) == 2 * len(one["scores"])
    last = torch.tensor(alone.scores[-20:]).mean()
    assert abs(float(one["scores"][-10:].mean() - last)) < 1.5
    assert float(one["scores"][-10:].mean()) > float(one["scores"][:5].mean()) + 2
