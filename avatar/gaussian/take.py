"""What a splat avatar is trained from: a person's head, and filmed frames with pose and matte."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.transform import Transform


@dataclass(frozen=True, kw_only=True)
class Take:
    """A person filmed by one camera that stands still.

    `head` is the person's mesh and rig, `camera` the one that filmed, in the world: the head frame
    of the median pose. `world_from_head` and the 52 `weights` are every frame's, as tracked;
    `pictures` are 8-bit sRGB, `mattes` the person's coverage, 255 where whole. `regions` number
    each vertex of the head by the layer it belongs to (`avatar.core.splats.LAYERS`), -1 where
    nothing should grow.
    """

    name: str
    head: Avatar
    camera: Camera
    times: Float[Tensor, " frames"]
    weights: Float[Tensor, "frames 52"]
    world_from_head: Transform
    pictures: UInt8[Tensor, "frames height width 3"]
    mattes: UInt8[Tensor, "frames height width"]
    regions: Int[Tensor, " verts"]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def head_at(self, frame: int) -> Transform:
        """Return a frame's `world_from_head`."""
        pose = self.world_from_head
        return Transform(rotation=pose.rotation[frame], translation=pose.translation[frame])

    def part(self, first: int, last: int) -> "Take":
        """Return frames `first` to `last`, that one left out."""
        return self.chosen(torch.arange(first, last))

    def posed(
        self, rows: Sequence[int], poses: Sequence[tuple[Float[Tensor, "52"], Transform]]
    ) -> "Take":
        """Return the take with other weights and `world_from_head` in some of its frames."""
        numbers = torch.tensor(rows, dtype=torch.int64)
        rotation, translation = self.world_from_head.rotation, self.world_from_head.translation
        return replace(
            self,
            weights=self.weights.index_copy(0, numbers, torch.stack([w for w, _ in poses])),
            world_from_head=Transform(
                rotation=rotation.index_copy(
                    0, numbers, torch.stack([pose.rotation for _, pose in poses])
                ),
                translation=translation.index_copy(
                    0, numbers, torch.stack([pose.translation for _, pose in poses])
                ),
            ),
        )

    def chosen(self, rows: Int[Tensor, " rows"]) -> "Take":
        """Return some of the frames."""
        pose = self.world_from_head
        return replace(
            self,
            times=self.times[rows],
            weights=self.weights[rows],
            world_from_head=Transform(
                rotation=pose.rotation[rows], translation=pose.translation[rows]
            ),
            pictures=self.pictures[rows],
            mattes=self.mattes[rows],
        )


def matted(
    take: Take, frame: int, size: tuple[int, int]
) -> tuple[Float[Tensor, "height width 3"], Float[Tensor, "height width 1"]]:
    """Return a frame premultiplied by its matte, and the matte, at (width, height).

    Display sRGB in [0, 1]: `picture + (1 - matte) * background` is the frame before a background.
    """
    matte = take.mattes[frame].float()[..., None] / 255
    picture = take.pictures[frame].float() / 255 * matte
    width, height = size
    if picture.shape[:2] != (height, width):
        both = torch.cat([picture, matte], -1).permute(2, 0, 1)[None]
        both = functional.interpolate(both, (height, width), mode="bilinear", antialias=True)
        both = both[0].permute(1, 2, 0).contiguous()
        picture, matte = both[..., :3], both[..., 3:]
    return picture, matte


def size_at(take: Take, longest: int) -> tuple[int, int]:
    """Return (width, height) of the take's pictures with that longer side; even numbers."""
    width, height = take.camera.width, take.camera.height
    scale = longest / max(width, height)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2
