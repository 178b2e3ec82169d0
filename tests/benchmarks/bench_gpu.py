"""The ops on a GPU: are they right, how fast are they, and how fast is gsplat there.

    python -m tests.benchmarks.bench_gpu [--log FILE]

Needs an NVIDIA GPU and a native module built with CUDA. gsplat is measured in the same process
where it is installed. First the pictures and gradients of GPU and CPU are compared (exit status 1
if they differ); then forward + backward is timed, by CUDA events, the median of many.
"""

import argparse
import importlib
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avatar.core.camera import Camera
from avatar.ops.antialias import antialias
from avatar.ops.image_loss import image_loss
from avatar.ops.interpolate import interpolate
from avatar.ops.native import has_cuda_kernels
from avatar.ops.perspective import perspective_barycentrics
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh
from avatar.ops.rasterize_splats import Gaussians, rasterize_splats
from avatar.ops.timing import ball, splat_egg

COUNTS, SIZES = (50_000, 100_000, 500_000), (512, 1024)


def moved(gaussians: Gaussians, camera: Camera, device: str) -> tuple[Gaussians, Camera]:
    """Return the scene on a device."""
    values = {name: v.to(device) for name, v in vars(gaussians).items() if v is not None}
    pose = camera.camera_from_world
    pose = replace(pose, rotation=pose.rotation.to(device), translation=pose.translation.to(device))
    camera = replace(camera, intrinsics=camera.intrinsics.to(device), camera_from_world=pose)
    return Gaussians(**values), camera


def picture_and_gradients(gaussians: Gaussians, camera: Camera) -> list[Tensor]:
    """Return the picture and the gradients of its squares."""
    leaves = {n: v.clone().requires_grad_() for n, v in vars(gaussians).items() if v is not None}
    picture = rasterize_splats(Gaussians(**leaves), camera).features
    return [picture, *torch.autograd.grad(picture.square().sum(), list(leaves.values()))]


def difference_from_cpu(count: int, size: int) -> float:
    """Return the largest relative difference between GPU and CPU, of picture and gradients."""
    scene = splat_egg(count, size)
    ours, theirs = picture_and_gradients(*moved(*scene, "cuda")), picture_and_gradients(*scene)
    return max(float((a.cpu() - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True))


def milliseconds(run: Callable[[], object], times: int = 50) -> float:
    """Return the median time of a run on the GPU."""
    for _ in range(5):
        run()
    taken: list[float] = []
    for _ in range(times):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        taken.append(start.elapsed_time(end))
    return statistics.median(taken)


def our_step(gaussians: Gaussians, camera: Camera) -> Callable[[], object]:
    """Return forward and backward as a function."""
    leaves = [v.requires_grad_() for v in vars(gaussians).values() if v is not None]
    weight = torch.rand(camera.height, camera.width, 3, device="cuda")

    def step() -> object:
        return torch.autograd.grad(rasterize_splats(gaussians, camera).features, leaves, weight)

    return step


def gsplat_step(gaussians: Gaussians, camera: Camera) -> Callable[[], object] | None:
    """Return the same for gsplat, or None where it is not installed."""
    try:
        gsplat: Any = importlib.import_module("gsplat")
    except ImportError:
        return None
    pose = camera.camera_from_world
    view = torch.eye(4, device="cuda")
    view[:3, :3], view[:3, 3] = pose.rotation, pose.translation
    quaternions = gaussians.rotations.detach()[:, [3, 0, 1, 2]].clone().requires_grad_()
    leaves = [
        gaussians.means,
        quaternions,
        gaussians.scales,
        gaussians.opacities,
        gaussians.features,
    ]
    # Its pixels begin, not centre, at whole numbers.
    intrinsics = camera.intrinsics.clone()
    intrinsics[:2, 2] += 0.5
    weight = torch.rand(1, camera.height, camera.width, 3, device="cuda")

    def step() -> object:
        picture, _, _ = gsplat.rasterization(
            *leaves, view[None], intrinsics[None], camera.width, camera.height
        )
        return torch.autograd.grad(picture, leaves, weight)

    return step


def captured(step: Callable[[], object]) -> Callable[[], object]:
    """Return the step as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def mesh_step(rings: int, size: int, device: str) -> Callable[[], list[Tensor]]:
    """Return a step of a fit: a ball drawn, its outline smooth, compared, and the way back."""
    pixels, depths, faces = (tensor.to(device) for tensor in ball(rings, size))
    edges = MeshEdges.build(faces)
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(len(pixels), 3, generator=generator).to(device).requires_grad_()
    target = torch.rand(size, size, 3, generator=generator).to(device)
    corners = pixels.clone().requires_grad_()

    def step() -> list[Tensor]:
        seen = rasterize_mesh(corners, depths, faces, size, size)
        shares, ranges = perspective_barycentrics(seen.triangles, corners, depths, faces)
        fragments = MeshFragments(triangles=seen.triangles, barycentrics=shares, depths=ranges)
        picture = interpolate(fragments, faces, colours)
        mesh = ProjectedMesh(pixels=corners, depths=depths, faces=faces)
        loss = image_loss(antialias(picture, fragments, mesh, edges), target)
        return [loss, *torch.autograd.grad(loss, [colours, corners])]

    return step


def mesh_difference_from_cpu() -> float:
    """Return the largest relative difference between GPU and CPU, of a step's loss and slopes."""
    ours, theirs = mesh_step(60, 256, "cuda")(), mesh_step(60, 256, "cpu")()
    return max(float((a.cpu() - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True))


def main() -> int:
    """Compare, time, print."""
    parser = argparse.ArgumentParser(description="Splats on a GPU, against the CPU and gsplat.")
    parser.add_argument("--log", type=Path, help="write what is printed to this file as well")
    log: Path | None = parser.parse_args().log
    if not (torch.cuda.is_available() and has_cuda_kernels()):
        sys.stdout.write("needs an NVIDIA GPU and a native module built with CUDA\n")
        return 0
    lines = [f"{torch.cuda.get_device_name()}, torch {torch.__version__}"]
    worst = max(difference_from_cpu(count, 256) for count in (2_000, 20_000))
    worst = max(worst, mesh_difference_from_cpu())
    lines.append(f"GPU against CPU, picture and gradients: {worst:.1e} relative at most")
    lines.append("splats   pixels  ours ms  in a graph  gsplat ms  times as fast")
    for count in COUNTS:
        for size in SIZES:
            scene = moved(*splat_egg(count, size), "cuda")
            step, other = our_step(*scene), gsplat_step(*scene)
            ours, in_graph = milliseconds(step), milliseconds(captured(step))
            theirs = milliseconds(other) if other else float("nan")
            lines.append(
                f"{count:7,}  {size:5}^2  {ours:7.3f}  {in_graph:10.3f}  {theirs:9.3f}  "
                f"{theirs / in_graph:13.2f}"
            )
    lines.append("mesh, interpolate, antialias, loss and back: triangles  pixels  ms  in a graph")
    for rings, size in ((118, 512), (118, 1024), (300, 1024)):
        step = mesh_step(rings, size, "cuda")
        lines.append(
            f"{2 * rings * (rings - 1):9,}  {size:5}^2  {milliseconds(step):7.3f}  "
            f"{milliseconds(captured(step)):7.3f}"
        )
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if log is not None:
        log.write_text(text)
    return int(not worst < 1e-3)


if __name__ == "__main__":
    sys.exit(main())
