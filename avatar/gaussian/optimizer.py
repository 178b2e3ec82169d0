"""Adam over a splat avatar's unknowns, whose rows come and go."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from avatar.gaussian.parameters import FrameUnknowns, SharedUnknowns, SplatUnknowns, leaves

RATES: dict[str, float] = {
    "means": 4e-5,
    "rotations": 2e-3,
    "log_scales": 5e-3,
    "opacity_logits": 3e-2,
    "colors": 4e-3,
    "head_shares": 1e-3,
    "offset_shapes": 2e-5,
    "color_shapes": 2e-3,
    "hidden_weights": 2e-3,
    "hidden_bias": 2e-3,
    "output_weights": 2e-3,
    "sway": 1e-3,
    "environment": 2e-3,
    "turns": 6e-4,
    "shifts": 6e-5,
    "torso_turns": 2e-4,
    "torso_shifts": 6e-5,
    "weights": 1e-3,
}
"""Steps at first: metres, radians, and what has no unit."""

LAST = 0.05
"""What is left of the steps at the end; they shrink exponentially."""

ROW_DIMENSION = {"offset_shapes": 1, "color_shapes": 1}
"""The dimension that counts splats, where it is not the first."""


class Optimizer:
    """Moves the unknowns; `own`, `shared` and `frames` are their present values."""

    def __init__(
        self, own: SplatUnknowns, shared: SharedUnknowns, frames: FrameUnknowns, *, refine: bool
    ) -> None:
        self.own, self.shared, self.frames = leaves(own), leaves(shared), leaves(frames)
        self._adam = torch.optim.Adam(
            [
                {"params": [tensor], "lr": RATES[name], "name": name}
                for name, tensor in self._named()
                if refine or not hasattr(frames, name)
            ],
            eps=1e-15,
            fused=True,
        )

    def gradients(self) -> list[Tensor]:
        """Return what the loss asks for, of all unknowns it depends on."""
        grads = [group["params"][0].grad for group in self._adam.param_groups]
        return [grad for grad in grads if grad is not None]

    def step(self, done: float, boldness: float = 1.0) -> None:
        """Move along the gradients and forget them; `done` is the share of the training done.

        Steps are `boldness` times as long as those of a gradient from a single picture: means over
        n pictures bear the root of n (Malladi et al. 2022).
        """
        for group in self._adam.param_groups:
            group["lr"] = boldness * RATES[group["name"]] * LAST**done
        self._adam.step()
        self._adam.zero_grad()

    def rearrange(self, rows: Int[Tensor, " rows"], own: SplatUnknowns, fresh: Tensor) -> None:
        """Go on with splats `own`, each grown from the former splat `rows` names.

        Adam's memory follows them, except for those marked in `fresh`, which begin anew.
        """
        grown = leaves(own)
        groups = {group["name"]: group for group in self._adam.param_groups}
        for field in fields(own):
            name = field.name
            before, after = getattr(self.own, name), getattr(grown, name)
            state: dict[str, Any] = self._adam.state.pop(before, {})
            dimension = ROW_DIMENSION.get(name, 0)
            for key in ("exp_avg", "exp_avg_sq"):
                if key in state:
                    moved = state[key].index_select(dimension, rows)
                    moved[(slice(None),) * dimension + (fresh,)] = 0
                    state[key] = moved
            if state:
                self._adam.state[after] = state
            groups[name]["params"] = [after]
        self.own = grown

    def memory(self) -> dict[str, Tensor]:
        """Return all that must be kept to go on later, by name."""
        kept: dict[str, Tensor] = {}
        for name, tensor in self._named():
            kept[name] = tensor.detach()
            for key, value in self._adam.state.get(tensor, {}).items():
                kept[f"{name}.{key}"] = value
        return kept

    def recall(self, kept: dict[str, Tensor]) -> None:
        """Go on from what `memory` returned."""
        self.own = replace(self.own, **_leaves_named(SplatUnknowns, kept))
        self.shared = replace(self.shared, **_leaves_named(SharedUnknowns, kept))
        self.frames = replace(self.frames, **_leaves_named(FrameUnknowns, kept))
        now = dict(self._named())
        self._adam.state.clear()
        for group in self._adam.param_groups:
            name = group["name"]
            group["params"] = [now[name]]
            state = {
                key.removeprefix(f"{name}."): value.clone()
                for key, value in kept.items()
                if key.startswith(f"{name}.")
            }
            if state:
                self._adam.state[now[name]] = state

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        for unknowns in (self.own, self.shared, self.frames):
            for field in fields(unknowns):
                yield field.name, getattr(unknowns, field.name)


def _leaves_named(kind: type, kept: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        field.name: kept[field.name].detach().clone().requires_grad_() for field in fields(kind)
    }
