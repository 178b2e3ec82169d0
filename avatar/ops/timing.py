"""How long the native ops take on this machine, and their torch twins, on made-up scenes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatar.core.camera import Camera, intrinsics_from_focal
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.ops.antialias import antialias, antialias_reference
from avatar.ops.image_loss import image_loss, image_loss_reference
from avatar.ops.interpolate import interpolate, interpolate_reference
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh
from avatar.ops.rasterize_mesh import rasterize_mesh, rasterize_mesh_reference
from avatar.ops.rasterize_splats import Gaussians, rasterize_splats, rasterize_splats_reference
from avatar.ops.sample_texture import TexturePyramid, sample_texture, sample_texture_reference
from avatar.ops.skin import SkinnedMesh, skin, skin_reference

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class OpTiming:
    """Seconds of an op, the fastest of several runs; None for what was not measured.

    `backward` is of the gradients; the twin is the op's torch reference, in single precision.
    """

    op: str
    scene: str
    forward: float
    backward: float | None = None
    twin_forward: float | None = None
    twin_backward: float | None = None

    @property
    def speedup(self) -> float | None:
        """Return how many times longer the twin takes, there and back."""
        if self.twin_forward is None:
            return None
        twin = self.twin_forward + (self.twin_backward or 0)
        return twin / (self.forward + (self.backward or 0))


def time_ops(clock: Clock = time.perf_counter) -> Iterator[OpTiming]:
    """Measure everything, small things first; takes about half a minute."""
    yield time_rasterize_mesh(clock)
    yield time_interpolate(clock)
    yield time_antialias(clock)
    yield time_skin(clock)
    yield time_sample_texture(clock)
    yield time_image_loss(clock)
    yield time_rasterize_splats(5_000, 256, clock, twin=True)
    for count in (20_000, 50_000, 100_000):
        yield time_rasterize_splats(count, 512, clock)
    yield time_training_step(50_000, 512, clock)


def time_rasterize_splats(
    count: int, size: int, clock: Clock = time.perf_counter, *, twin: bool = False
) -> OpTiming:
    """Measure `rasterize_splats` on an egg of `count` splats in `size` x `size` pixels."""
    gaussians, camera = splat_egg(count, size)
    leaves = [v.requires_grad_() for v in vars(gaussians).values() if v is not None]

    def forward(op: Callable[..., object]) -> list[Tensor]:
        picture = op(gaussians, camera)
        return [picture.features, picture.transmittance]  # type: ignore[attr-defined]

    there, back = _both_ways(lambda: forward(rasterize_splats), leaves, clock)
    slow = (
        _both_ways(lambda: forward(rasterize_splats_reference), leaves, clock, times=1)
        if twin
        else (None, None)
    )
    return OpTiming(
        op="rasterize_splats",
        scene=f"{count:,} splats, {size} x {size}",
        forward=there,
        backward=back,
        twin_forward=slow[0],
        twin_backward=slow[1],
    )


def time_rasterize_mesh(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `rasterize_mesh` on a ball of 28,000 triangles in 512 x 512 pixels."""
    pixels, depths, faces = ball(118, 512)
    scene = (pixels, depths, faces, 512, 512)
    return OpTiming(
        op="rasterize_mesh",
        scene=f"{len(faces):,} triangles, 512 x 512",
        forward=fastest(lambda: rasterize_mesh(*scene), clock),
        twin_forward=fastest(lambda: rasterize_mesh_reference(*scene), clock, times=2),
    )


def time_interpolate(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `interpolate` of three channels over the same ball."""
    pixels, depths, faces = ball(118, 512)
    fragments = rasterize_mesh(pixels, depths, faces, 512, 512)
    fragments = replace(fragments, barycentrics=fragments.barycentrics.requires_grad_())
    attributes = torch.rand(len(pixels), 3).requires_grad_()
    return _compare(
        "interpolate",
        "3 channels, 512 x 512",
        [attributes, fragments.barycentrics],
        [
            lambda: [interpolate(fragments, faces, attributes)],
            lambda: [interpolate_reference(fragments, faces, attributes)],
        ],
        clock,
    )


def time_antialias(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `antialias` of three channels along the same ball's outline."""
    pixels, depths, faces = ball(118, 512)
    fragments = rasterize_mesh(pixels, depths, faces, 512, 512)
    edges = MeshEdges.build(faces)
    picture, corners = torch.rand(512, 512, 3).requires_grad_(), pixels.clone().requires_grad_()
    mesh = ProjectedMesh(pixels=corners, depths=depths, faces=faces)
    return _compare(
        "antialias",
        "3 channels, 512 x 512",
        [picture, corners],
        [
            lambda: [antialias(picture, fragments, mesh, edges)],
            lambda: [antialias_reference(picture, fragments, mesh, edges)],
        ],
        clock,
    )


def time_skin(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `skin` of 14,000 vertices, 52 morphs of which ten show, and seven joints."""
    generator = torch.Generator().manual_seed(0)
    mesh = SkinnedMesh(
        vertices=torch.randn(14_000, 3, generator=generator),
        morphs=torch.randn(52, 14_000, 3, generator=generator),
        skin_weights=torch.rand(14_000, 7, generator=generator),
    )
    weights = torch.rand(4, 52, generator=generator)
    weights[:, 10:] = 0
    weights.requires_grad_()
    vectors = torch.randn(4, 7, 3, generator=generator)
    joints = Transform(rotation=matrix_from_rotation_vector(vectors), translation=vectors)
    return _compare(
        "skin",
        "14,000 vertices, 4 poses",
        [weights],
        [lambda: [skin(mesh, weights, joints)], lambda: [skin_reference(mesh, weights, joints)]],
        clock,
    )


def time_sample_texture(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `sample_texture` between the levels of a texture of 1024 x 1024 texels."""
    generator = torch.Generator().manual_seed(0)
    pyramid = TexturePyramid.build(torch.rand(1024, 1024, 3, generator=generator))
    levels = tuple(level.contiguous().requires_grad_() for level in pyramid.levels)
    pyramid = TexturePyramid(levels=levels)
    axis = (torch.arange(512) + 0.37) / 512
    uvs = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).requires_grad_()
    lods = torch.rand(512, 512, generator=generator) * 3
    return _compare(
        "sample_texture",
        "1k texture, 11 levels, 512 x 512",
        [*levels, uvs],
        [
            lambda: [sample_texture(pyramid, uvs, lods)],
            lambda: [sample_texture_reference(pyramid, uvs, lods)],
        ],
        clock,
    )


def time_image_loss(clock: Clock = time.perf_counter) -> OpTiming:
    """Measure `image_loss` on pictures of three channels."""
    generator = torch.Generator().manual_seed(0)
    picture, target = torch.rand(2, 3, 512, 512, generator=generator).permute(0, 2, 3, 1).unbind(0)
    picture = picture.detach().requires_grad_()
    return _compare(
        "image_loss",
        "512 x 512 x 3",
        [picture],
        [lambda: [image_loss(picture, target)], lambda: [image_loss_reference(picture, target)]],
        clock,
    )


def time_training_step(count: int, size: int, clock: Clock = time.perf_counter) -> OpTiming:
    """Measure a whole step: forward, loss, backward, Adam on everything splats have."""
    gaussians, camera = splat_egg(count, size)
    leaves = [v.requires_grad_() for v in vars(gaussians).values() if v is not None]
    target = torch.rand(3, size, size).permute(1, 2, 0)
    optimizer = torch.optim.Adam(leaves, lr=1e-6, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        image_loss(rasterize_splats(gaussians, camera).features, target).backward()
        optimizer.step()

    return OpTiming(
        op="training step",
        scene=f"{count:,} splats, {size} x {size}",
        forward=fastest(step, clock),
    )


def splat_egg(count: int, size: int) -> tuple[Gaussians, Camera]:
    """Return splats of one to three pixels (at 512 x 512) on an egg that fills the picture."""
    generator = torch.Generator().manual_seed(0)
    towards = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    pixel = 3.0 / (2 * 512)  # metres at three metres, with a focal length of twice the width
    gaussians = Gaussians(
        means=towards * torch.tensor([140.0, 190.0, 150.0]) * pixel,
        rotations=torch.randn(count, 4, generator=generator),
        scales=(torch.rand(count, 3, generator=generator) * 2 + 1) * pixel,
        opacities=torch.rand(count, generator=generator) * 0.8 + 0.1,
        features=torch.rand(count, 3, generator=generator),
    )
    camera = Camera(
        intrinsics=intrinsics_from_focal(2.0 * size, size, size),
        camera_from_world=Transform(
            rotation=torch.eye(3), translation=torch.tensor([0.0, 0.0, 3.0])
        ),
        width=size,
        height=size,
    )
    return gaussians, camera


def ball(rings: int, size: int, zoom: float = 1.1) -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels, depths (metres) and faces of a ball of about 2 `rings` squared triangles."""
    polar = torch.linspace(0.01, 3.13, rings)
    around = torch.arange(rings) * 2 * torch.pi / rings
    theta, phi = torch.meshgrid(polar, around, indexing="ij")
    points = torch.stack([theta.sin() * phi.cos(), theta.cos(), theta.sin() * phi.sin()], -1)
    points = points.reshape(-1, 3)
    row, column = torch.meshgrid(torch.arange(rings - 1), torch.arange(rings), indexing="ij")
    a = (row * rings + column).reshape(-1)
    b = (row * rings + (column + 1) % rings).reshape(-1)
    faces = torch.cat(
        [torch.stack([a, b, a + rings], -1), torch.stack([b, b + rings, a + rings], -1)]
    )
    depths = points[:, 2] + 3
    return points[:, :2] / depths[:, None] * size * zoom + size / 2, depths, faces


def _compare(
    op: str,
    scene: str,
    leaves: list[Tensor],
    native_and_twin: list[Callable[[], list[Tensor]]],
    clock: Clock,
) -> OpTiming:
    native, twin = native_and_twin
    there, back = _both_ways(native, leaves, clock)
    slow_there, slow_back = _both_ways(twin, leaves, clock, times=2)
    return OpTiming(
        op=op,
        scene=scene,
        forward=there,
        backward=back,
        twin_forward=slow_there,
        twin_backward=slow_back,
    )


def fastest(run: Callable[[], object], clock: Clock, times: int = 10) -> float:
    """Return the seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(times):
        start = clock()
        run()
        best = min(best, clock() - start)
    return best


def _both_ways(
    forward: Callable[[], list[Tensor]], leaves: list[Tensor], clock: Clock, times: int = 10
) -> tuple[float, float]:
    """Return the fastest seconds forward, and backward to `leaves`."""
    there, back = float("inf"), float("inf")
    for _ in range(times):
        start = clock()
        outputs = forward()
        middle = clock()
        weights = [torch.ones_like(output) for output in outputs]
        turned = clock()
        torch.autograd.grad(outputs, leaves, weights, allow_unused=True)
        there, back = min(there, middle - start), min(back, clock() - turned)
    return there, back
