"""How the splat rasteriser grows with splats, pixels and threads, against what the machine can do.

    python -m tests.benchmarks.bench_splat_scaling [--plot FILE.svg]

Prints, for eggs of splats: milliseconds forward and backward (the fastest of several), pairs of a
splat and a tile, evaluations of a splat in a block of 4 x 4 pixels, the floating-point operations
these take and their rate beside that of torch's matrix product on as many threads, and the bytes
kept for the backward pass. Other work on the machine makes times longer, never shorter.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from avatar.ops.rasterize_splats import rasterize_splats
from avatar.ops.timing import fastest, splat_egg

FORWARD_OPERATIONS = 33
BACKWARD_OPERATIONS = 56
"""Of one splat at one pixel, three channels and depth; counted in the kernels, 2^x among them."""

BLOCK = 16


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a scene is for the rasteriser."""

    splats: int
    size: int
    threads: int
    pairs: int
    evaluations: int
    state_bytes: int
    forward: float
    backward: float

    @property
    def rates(self) -> tuple[float, float]:
        """Return operations a second, forward and backward."""
        pixels = self.evaluations * BLOCK
        return (
            pixels * FORWARD_OPERATIONS / self.forward,
            pixels * BACKWARD_OPERATIONS / self.backward,
        )


def measure(splats: int, size: int, threads: int) -> Load:
    """Measure a scene of `splats` in `size` x `size` pixels."""
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    gaussians, camera = splat_egg(splats, size)
    leaves = [v.requires_grad_() for v in vars(gaussians).values() if v is not None]
    forward = backward = float("inf")
    weight = torch.rand(3, size, size).permute(1, 2, 0)
    for _ in range(6):
        start = clock()
        picture = rasterize_splats(gaussians, camera)
        middle = clock()
        torch.autograd.grad(picture.features, leaves, weight)
        forward, backward = min(forward, middle - start), min(backward, clock() - middle)
    visible, pairs = _state(rasterize_splats(gaussians, camera).features)
    count = int(pairs[8:16].view(torch.int64))
    masks = pairs[len(pairs) - (2 * count + 63) // 64 * 64 :][: 2 * count].view(torch.int16)
    evaluations = sum(int((masks >> bit & 1).sum()) for bit in range(16))
    return Load(
        splats=splats,
        size=size,
        threads=threads,
        pairs=count,
        evaluations=evaluations,
        state_bytes=len(visible) + len(pairs),
        forward=forward,
        backward=backward,
    )


def _state(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the forward pass left for the backward pass."""
    node = features.grad_fn.next_functions[0][0]
    visible, pairs = node.saved_tensors[11:13]
    return visible, pairs


def peak(threads: int) -> float:
    """Return operations a second of torch's matrix product."""
    torch.set_num_threads(threads)
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    clock = time.process_time if threads == 1 else time.perf_counter
    return 2 * 1024**3 / fastest(lambda: a @ b, clock, times=5)


def plot(rows: list[Load], file: Path) -> None:
    """Draw milliseconds over splats, logarithmic both ways, a line for each size and way."""
    width, height, margin = 480, 320, 50

    def place(splats: float, milliseconds: float) -> str:
        x = margin + (torch.tensor(splats / 1e4).log10() / 1.4).item() * (width - 2 * margin)
        y = (
            height
            - margin
            - (torch.tensor(milliseconds).log10() / 2).item() * (height - 2 * margin)
        )
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for splats in (10_000, 20_000, 50_000, 100_000, 200_000):
        x, _ = place(splats, 1).split(",")
        parts.append(f'<text x="{x}" y="{height - 30}" text-anchor="middle">{splats:,}</text>')
    for value in (1, 2, 5, 10, 20, 50, 100):
        _, y = place(1e4, value).split(",")
        parts.append(f'<text x="{margin - 8}" y="{y}" text-anchor="end">{value}</text>')
        parts.append(f'<path d="M{margin},{y}H{width - margin}" stroke="#ddd"/>')
    colours = {256: "#4a8", 512: "#06c", 1024: "#c40"}
    for size, colour in colours.items():
        chosen = [row for row in rows if row.size == size and row.threads == 1]
        for name, dash in (("forward", ""), ("backward", 'stroke-dasharray="5 3"')):
            line = " ".join(place(row.splats, getattr(row, name) * 1e3) for row in chosen)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" {dash}/>')
        end = place(chosen[-1].splats, chosen[-1].forward * 1e3).split(",")
        parts.append(f'<text x="{end[0]}" y="{end[1]}" fill="{colour}">{size} px</text>')
    note = "splats; milliseconds on one thread, forward and (dashed) backward"
    parts.append(
        f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle">{note}</text></svg>'
    )
    file.write_text("\n".join(parts) + "\n")


def main() -> int:
    """Measure, print, and draw if asked to."""
    parser = argparse.ArgumentParser(description="Splats: time by number, pixels and threads.")
    parser.add_argument("--plot", type=Path, help="write a plot (SVG) to this file")
    file: Path | None = parser.parse_args().plot
    scenes = [(n, size, 1) for size in (256, 512, 1024) for n in (10_000, 20_000, 50_000, 100_000)]
    scenes += [(50_000, 512, threads) for threads in (2, 4) if threads <= torch.get_num_threads()]
    peaks = {threads: peak(threads) for threads in {threads for _, _, threads in scenes}}
    sys.stdout.write(
        "splats  pixels  threads  forward ms  backward ms     pairs  evaluations  "
        "GFLOP/s forward, backward (of torch's product)  MB a 100k splats\n"
    )
    rows: list[Load] = []
    for scene in scenes:
        row = measure(*scene)
        rows.append(row)
        there, back = row.rates
        sys.stdout.write(
            f"{row.splats:7,} {row.size:5}^2  {row.threads:7}  {row.forward * 1e3:10.2f}  "
            f"{row.backward * 1e3:11.2f}  {row.pairs:8,}  {row.evaluations:11,}  "
            f"{there / 1e9:8.1f} ({there / peaks[row.threads]:.0%}), "
            f"{back / 1e9:.1f} ({back / peaks[row.threads]:.0%})  "
            f"{row.state_bytes / row.splats / 10:.1f}\n"
        )
    if file is not None:
        plot(rows, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
