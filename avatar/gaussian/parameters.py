"""What training moves: a splat avatar's unknowns, free of bounds."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.mesh import SurfacePoints
from avatar.core.splats import LAYERS, ExpressionCode, Splats
from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
)
from avatar.gaussian.solve_relighting import SplatSurface

HIDDEN = 32
"""Width of the expression code's hidden layer."""

_RIGID = tuple(LAYERS.index(name) for name in ("face", "eyes", "mouth"))
"""Layers that follow the head wholly."""


@dataclass(frozen=True, kw_only=True)
class SplatUnknowns:
    """A row for each splat: logarithms of scales, logits of opacities, the rest as in `Splats`."""

    means: Float[Tensor, "splats 3"]
    rotations: Float[Tensor, "splats 4"]
    log_scales: Float[Tensor, "splats 3"]
    opacity_logits: Float[Tensor, " splats"]
    colors: Float[Tensor, "splats 3"]
    head_shares: Float[Tensor, " splats"]
    offset_shapes: Float[Tensor, "codes splats 3"]
    color_shapes: Float[Tensor, "codes splats 3"]


@dataclass(frozen=True, kw_only=True)
class SharedUnknowns:
    """The expression code's network, the torso's sway, and the light."""

    hidden_weights: Float[Tensor, "hidden 55"]
    hidden_bias: Float[Tensor, " hidden"]
    output_weights: Float[Tensor, "codes hidden"]
    sway: Float[Tensor, "6 6"]
    environment: Float[Tensor, "9 3"]

    @staticmethod
    def start(
        codes: int, environment: Float[Tensor, "9 3"], generator: torch.Generator
    ) -> "SharedUnknowns":
        """Return a random network, a torso that stands still, and that light."""
        return SharedUnknowns(
            hidden_weights=torch.randn(HIDDEN, 55, generator=generator) * 0.5,
            hidden_bias=torch.randn(HIDDEN, generator=generator) * 0.2,
            output_weights=torch.randn(codes, HIDDEN, generator=generator) / HIDDEN**0.5,
            sway=torch.zeros(6, 6),
            environment=environment,
        )


@dataclass(frozen=True, kw_only=True)
class FrameUnknowns:
    """What the tracker's poses and expressions are off by, frame by frame.

    `turns` (radians) and `shifts` (metres) come before the tracked pose, in the head frame;
    `torso_turns` and `torso_shifts` likewise before what the head's pose lets expect of the torso.
    """

    turns: Float[Tensor, "frames 3"]
    shifts: Float[Tensor, "frames 3"]
    torso_turns: Float[Tensor, "frames 3"]
    torso_shifts: Float[Tensor, "frames 3"]
    weights: Float[Tensor, "frames 52"]

    @staticmethod
    def start(frames: int) -> "FrameUnknowns":
        """Trust the tracker."""
        return FrameUnknowns(
            turns=torch.zeros(frames, 3),
            shifts=torch.zeros(frames, 3),
            torso_turns=torch.zeros(frames, 3),
            torso_shifts=torch.zeros(frames, 3),
            weights=torch.zeros(frames, 52),
        )

    def mended(
        self, frame: int, weights: Float[Tensor, "52"], world_from_head: Transform
    ) -> tuple[Float[Tensor, "52"], Transform]:
        """Return a frame's weights and pose, mended."""
        small = small_motion(self.turns[frame], self.shifts[frame])
        return weights + self.weights[frame], world_from_head @ small

    def torso(self, frame: int) -> Transform:
        """Return how the torso stands other than the head's pose lets expect."""
        return small_motion(self.torso_turns[frame], self.torso_shifts[frame])


def small_motion(turn: Float[Tensor, "3"], shift: Float[Tensor, "3"]) -> Transform:
    """Return the transform of a rotation vector and a translation, differentiably."""
    return Transform(rotation=matrix_from_rotation_vector(turn), translation=shift)


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Where splats hang on the mesh, and their layers: what steps of training do not move.

    Splats that no frame shows, such as those on the back of the head, are not `seen`: what little
    light reaches a frame from them through others must not repaint them.
    """

    corners: Int[Tensor, "splats 3"]
    barycentrics: Float[Tensor, "splats 3"]
    layers: Int[Tensor, " splats"]
    seen: Bool[Tensor, " splats"]

    @property
    def anchors(self) -> SurfacePoints:
        """Where on the mesh the splats hang."""
        return SurfacePoints(corners=self.corners, barycentrics=self.barycentrics)

    def chosen(self, rows: Int[Tensor, " rows"]) -> "Binding":
        """Return some of the splats' bindings."""
        return Binding(
            corners=self.corners[rows],
            barycentrics=self.barycentrics[rows],
            layers=self.layers[rows],
            seen=self.seen[rows],
        )


def splats_of(
    own: SplatUnknowns,
    shared: SharedUnknowns,
    binding: Binding,
    surface: SplatSurface,
    camera: Camera,
) -> Splats:
    """Return the splats that the unknowns stand for, differentiably."""
    rigid = torch.zeros(len(LAYERS), dtype=torch.bool)
    rigid[list(_RIGID)] = True
    shares = own.head_shares.clamp(0, 1)
    return Splats(
        means=own.means,
        rotations=own.rotations,
        scales=own.log_scales.exp(),
        opacities=torch.sigmoid(own.opacity_logits),
        colors=own.colors,
        corners=binding.corners,
        barycentrics=binding.barycentrics,
        head_shares=torch.where(rigid[binding.layers], torch.ones_like(shares), shares),
        layers=binding.layers,
        code=ExpressionCode(
            hidden_weights=shared.hidden_weights,
            hidden_bias=shared.hidden_bias,
            output_weights=shared.output_weights,
        ),
        offset_shapes=own.offset_shapes,
        color_shapes=own.color_shapes,
        camera=camera,
        sway=shared.sway,
        relighting=surface.in_light(shared.environment),
    )


def without_shapes(splats: Splats) -> Splats:
    """Return the splats with shapes that expressions do not change."""
    return replace(
        splats,
        offset_shapes=torch.zeros_like(splats.offset_shapes),
        color_shapes=torch.zeros_like(splats.color_shapes),
    )


Unknowns = TypeVar("Unknowns", SplatUnknowns, SharedUnknowns, FrameUnknowns)


def leaves(unknowns: Unknowns) -> Unknowns:
    """Return the unknowns as tensors that gradients are asked for."""
    return replace(
        unknowns,
        **{
            field.name: getattr(unknowns, field.name).detach().clone().requires_grad_()
            for field in fields(unknowns)
        },
    )
