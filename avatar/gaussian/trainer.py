"""Training, step by step: a frame is drawn, compared, and the splats move to mend the difference.

Follows 3D Gaussian splatting (Kerbl et al. 2023) on a rigged mesh (GaussianAvatars, Qian et al.
2024; SplattingAvatar, Shao et al. 2024), with expression shapes per splat (3D Gaussian
Blendshapes, Ma et al. 2024).
"""

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.pose_splats import Adjustment, SplatRig, pose_splats
from avatar.core.splats import LAYERS, Splats
from avatar.gaussian.densify import regrow
from avatar.gaussian.frame_choice import frame_order, frame_weights
from avatar.gaussian.mesh_view import spread_frames
from avatar.gaussian.optimizer import Optimizer
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.parameters import (
    Binding,
    FrameUnknowns,
    SharedUnknowns,
    SplatUnknowns,
    splats_of,
    without_shapes,
)
from avatar.gaussian.seed import seed_splats
from avatar.gaussian.solve_relighting import (
    HeadSurface,
    solve_environment,
    solve_relighting,
)
from avatar.gaussian.splat_errors import splat_errors
from avatar.gaussian.take import Take, matted, size_at
from avatar.gaussian.team import Team
from avatar.gaussian.tracker_errors import TrackerErrors, learn_tracker_errors
from avatar.ops.image_loss import image_loss
from avatar.render.draw_splats import draw_splats

FIRST_COUNT = 0.6
"""Share of the budget that training begins with."""

COARSE = 0.5
"""Share of the steps that are made at half the size."""

CHECK_EVERY, LEAST_GAIN = 500, 0.02
"""Steps between checks for a gain, and what counts as one, dB."""

REGROW_EVERY, REGROW_UNTIL = 250, 0.6
ERROR_FRAMES = 12
"""Frames whose errors tell which splats to split."""

NOISE = 0.05
"""Standard deviation of what is added to the coefficients that a code is made from."""

SHAPES_FROM = 0.2
"""Share of the steps without expression shapes: they would learn the tracker's errors by heart."""

REACH = {"face": 0.004, "eyes": 0.003, "mouth": 0.006, "hair": 0.06, "torso": 0.12}
"""How far from the mesh splats of a layer may go before they are pulled back, metres."""

WIDEST = {"face": 0.006, "eyes": 0.003, "mouth": 0.005, "hair": 0.015, "torso": 0.03}
"""How large splats of a layer may grow before they are held back, metres."""


class Trainer:
    """Trains a splat avatar on a take; `advance` makes one step, the same for the same seed.

    In a team each process looks at a picture of its own in a step, and all move by the mean of
    what they saw: they stay the same, and need fewer steps.
    """

    def __init__(self, take: Take, options: TrainOptions, team: Team | None = None) -> None:
        self.take, self.options, self._team = take, options, team or Team()
        self.steps = math.ceil(options.steps / self._team.size)
        generator = torch.Generator().manual_seed(options.seed)
        seeds = seed_splats(take, round(FIRST_COUNT * options.splats), options.codes, generator)
        self._head_surface = HeadSurface.of(take.head)
        surface = self._head_surface.at(seeds.binding.anchors, seeds.binding.layers)
        self._solved = solve_environment(surface, seeds.own.colors, seeds.binding.seen)
        self.optimizer = Optimizer(
            seeds.own,
            SharedUnknowns.start(options.codes, self._solved, generator),
            FrameUnknowns.start(len(take)),
            refine=options.refine,
        )
        self.step = 0
        self.scores: list[float] = []
        """PSNR of every step's pictures, over their random backgrounds, dB."""
        self.bind(seeds.binding)
        self._order = frame_order(frame_weights(take), options.steps, generator)

    def bind(self, binding: Binding) -> None:
        """Hang the splats on the mesh so."""
        head = self.take.head
        self.binding = binding
        self.rig = SplatRig.build(head, binding.corners, binding.barycentrics)
        self._anchors = binding.anchors.on(head.mesh.vertices)
        self._surface = self._head_surface.at(binding.anchors, binding.layers)
        self._reach = torch.tensor([REACH[name] for name in LAYERS])[binding.layers]
        self._widest = torch.tensor([WIDEST[name] for name in LAYERS])[binding.layers].log()
        self._unseen = (~binding.seen).nonzero()[:, 0]

    @property
    def finished(self) -> bool:
        """Whether all steps are made, or more of them would change nothing."""
        return self.step >= self.steps or self._stalled()

    @property
    def psnr(self) -> float:
        """Mean PSNR of the last steps, dB."""
        recent = self.scores[-CHECK_EVERY:]
        return sum(recent) / max(len(recent), 1)

    def _stalled(self) -> bool:
        """Tell whether the last checks, all at full size, found no gain."""
        fine = self.scores[math.ceil(COARSE * self.steps) :]
        whole = len(fine) // CHECK_EVERY
        if len(fine) % CHECK_EVERY or whole <= self.options.patience:
            return False
        means = torch.tensor(fine).view(whole, CHECK_EVERY).mean(1)
        before = means[: -self.options.patience].max()
        return bool(means[-self.options.patience :].max() < before + LEAST_GAIN)

    def splats(self) -> Splats:
        """Return the splats as they are now."""
        with torch.no_grad():
            splats = self._splats()
            light = self.optimizer.shared.environment.detach()
            seen = self.binding.seen
            relighting = solve_relighting(self._surface, splats.colors, light, seen)
            return replace(splats, relighting=relighting)

    def _splats(self) -> Splats:
        now = self.optimizer
        return splats_of(now.own, now.shared, self.binding, self._surface, self.take.camera)

    def tracker_errors(self) -> TrackerErrors:
        """Return what the frames' corrections say of the tracker."""
        return learn_tracker_errors(self.take, self.optimizer.frames)

    def advance(self) -> None:
        """Make one step."""
        options, take = self.options, self.take
        number = self.step * self._team.size + self._team.rank
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + number)
        done = self.step / self.steps
        size = size_at(take, options.size // 2 if done < COARSE else options.size)
        frame = int(self._order[number % len(self._order)])
        background = torch.rand(3, generator=generator)
        picture, matte = matted(take, frame, size)
        target = picture + (1 - matte) * background
        now = self.optimizer
        splats = self._splats()
        if done < SHAPES_FROM:
            splats = without_shapes(splats)
        weights, pose = now.frames.mended(frame, take.weights[frame], take.head_at(frame))
        noisy = weights + NOISE * torch.randn(52, generator=generator)
        adjusted = Adjustment(torso=now.frames.torso(frame), code_weights=noisy)
        posed = pose_splats(splats, self.rig, weights, pose, adjusted)
        drawn = draw_splats(posed, take.camera.resized(*size), background)
        seen = image_loss(drawn.features, target)
        (seen + self._restraint(now.own, now.frames, frame)).backward()
        self._keep_unseen(now.own)
        error = (drawn.features.detach().clamp(0, 1) - target).square().mean()
        self._team.average([*now.gradients(), error])
        now.step(done, math.sqrt(self._team.size))
        self.step += 1
        if self.step % max(1, REGROW_EVERY // self._team.size) == 0 and done < REGROW_UNTIL:
            self._regrow(size)
        self.scores.append(-10 * math.log10(max(float(error), 1e-10)))

    def _keep_unseen(self, own: SplatUnknowns) -> None:
        """Forget what would move or repaint splats no frame shows; they may shrink and fade."""
        for tensor in (own.means, own.rotations, own.colors):
            if tensor.grad is not None:
                tensor.grad[self._unseen] = 0
        for tensor in (own.offset_shapes, own.color_shapes):
            if tensor.grad is not None:
                tensor.grad[:, self._unseen] = 0

    def _restraint(
        self, own: SplatUnknowns, frames: FrameUnknowns, frame: int
    ) -> Float[Tensor, ""]:
        """Return what keeps splats near their triangles, small, and expressions plausible."""
        away = (own.means - self._anchors).norm(dim=1)
        far = ((away - self._reach).clamp_min(0) / 0.002).square().mean()
        wide = (own.log_scales.amax(1) - self._widest).clamp_min(0).square().mean()
        bent = (
            own.offset_shapes.square().mean() / 1e-3**2 + own.color_shapes.square().mean() / 0.1**2
        )
        mended = (
            frames.weights[frame].square().sum() / 0.1**2
            + frames.turns[frame].square().sum() / 0.03**2
            + frames.shifts[frame].square().sum() / 0.005**2
            + frames.torso_turns[frame].square().sum() / 0.02**2
            + frames.torso_shifts[frame].square().sum() / 0.005**2
        )
        relit = (self.optimizer.shared.environment - self._solved).square().sum() / 0.1**2
        return 0.05 * far + 0.05 * wide + 2e-4 * bent + 2e-5 * mended + 1e-4 * relit

    def _regrow(self, size: tuple[int, int]) -> None:
        generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 - self.step)
        errors = self._errors(size)
        self._team.average([errors])
        errors[self._unseen] = 0
        grown = regrow(self.optimizer.own, errors, self.options.splats, generator)
        self.optimizer.rearrange(grown.rows, grown.own, grown.fresh)
        self.bind(self.binding.chosen(grown.rows))

    def _errors(self, size: tuple[int, int]) -> Float[Tensor, " splats"]:
        """Return what of some frames' errors each splat is to be blamed for."""
        take, frames = self.take, self.optimizer.frames
        with torch.no_grad():
            splats = self._splats()
        errors = torch.zeros(len(splats))
        for frame in spread_frames(take, ERROR_FRAMES):
            weights, pose = frames.mended(frame, take.weights[frame], take.head_at(frame))
            with torch.no_grad():
                adjusted = Adjustment(torso=frames.torso(frame))
                posed = pose_splats(splats, self.rig, weights, pose, adjusted)
            camera = take.camera.resized(*size)
            errors += splat_errors(posed, camera, *matted(take, frame, size))
        return errors
