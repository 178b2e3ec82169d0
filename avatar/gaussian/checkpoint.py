"""Training that survives being killed: all that a trainer knows, in one file, put there whole."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from avatar.core.errors import BundleError, OutputError
from avatar.files.atomic import atomic_outputs
from avatar.gaussian.parameters import Binding
from avatar.gaussian.trainer import Trainer

_VERSION = "2"


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write what is needed to go on, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    tensors: dict[str, Tensor] = {
        **{f"unknowns.{name}": value for name, value in trainer.optimizer.memory().items()},
        "binding.corners": trainer.binding.corners,
        "binding.barycentrics": trainer.binding.barycentrics,
        "binding.layers": trainer.binding.layers,
        "binding.seen": trainer.binding.seen,
        "scores": torch.tensor(trainer.scores, dtype=torch.float64),
    }
    notes = {"checkpoint": _VERSION, "step": str(trainer.step), "of": fingerprint(trainer)}
    plain = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with atomic_outputs((path,)) as temporary:
        try:
            save_file(plain, temporary[path], notes)
        except (SafetensorError, RuntimeError) as error:
            raise OutputError(f"{path}: cannot be written: {error}") from error


def resume(trainer: Trainer, path: Path) -> bool:
    """Let a fresh trainer go on where `path` left off; False where there is nothing to go on from.

    Raises:
        BundleError: the file is damaged, or belongs to another training.
    """
    if not path.is_file():
        return False
    try:
        with safe_open(str(path), framework="pt") as file:
            notes: dict[str, str] = file.metadata() or {}
            kept: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if notes.get("checkpoint") != _VERSION or notes.get("of") != fingerprint(trainer):
            raise BundleError(
                f"{path}: left by a training with other options or another video; type that "
                "command to go on, or delete this file to begin anew"
            )
        trainer.optimizer.recall(_below("unknowns", kept))
        trainer.bind(Binding(**_below("binding", kept)))
        trainer.scores = kept["scores"].tolist()
        trainer.step = int(notes["step"])
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path}: damaged ({error}); delete it to begin anew") from error
    return True


def fingerprint(trainer: Trainer) -> str:
    """Return what tells one training from another."""
    take = trainer.take
    seen = [int(take.pictures[:: max(1, len(take) // 8)].long().sum()), len(take)]
    options = {**asdict(trainer.options), "steps": trainer.steps}
    return json.dumps({"options": options, "take": take.name, "seen": seen})


def _below(name: str, kept: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}."): value
        for key, value in kept.items()
        if key.startswith(f"{name}.")
    }
