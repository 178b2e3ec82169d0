"""Vectors laid out component by component, (3, points): sums over components run at full speed."""

from jaxtyping import Float
from torch import Tensor


def dot(
    a: Float[Tensor, "3 points"], b: Float[Tensor, "3 points"] | Float[Tensor, "3 1"]
) -> Float[Tensor, " points"]:
    """Return the scalar products of vectors."""
    return (a * b).sum(0)


def unit(vectors: Float[Tensor, "3 points"]) -> Float[Tensor, "3 points"]:
    """Return the vectors at length one; zero vectors stay zero."""
    return vectors * dot(vectors, vectors).clamp_min(1e-20).rsqrt()
