"""A performance over time: the 52 coefficients and the rotations of named joints."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True, repr=False)
class Clip:
    """Curves sampled at `times` (seconds, rising).

    `weights` are the 52 ARKit coefficients in [0, 1]; `joint_rotations` are unit quaternions
    (x, y, z, w) of the joints named, each in its parent's frame.
    """

    times: Float[Tensor, " frames"]
    weights: Float[Tensor, "frames 52"]
    joint_names: tuple[str, ...] = ()
    joint_rotations: Float[Tensor, "frames joints 4"] | None = None
    name: str = "clip"

    def __repr__(self) -> str:
        """Say what it is in a line; its arrays would fill the screen."""
        length = float(self.times[-1]) if len(self.times) else 0.0
        joints = ", ".join(self.joint_names) or "none"
        return f"Clip({self.name!r}: {len(self.times)} frames, {length:.2f} s, joints: {joints})"
