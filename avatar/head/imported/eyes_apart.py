"""A check that tells a head in metres, upright and looking along +Z, from any other."""

from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import ModelError


def check_eyes(eyes: Float[Tensor, "2 3"], *, what: str) -> None:
    """Raise ModelError unless the left and right eye are apart along +X as people's are."""
    apart = eyes[0] - eyes[1]
    if not (0.04 < float(apart[0]) < 0.09 and float(apart[1:].abs().max()) < 0.01):
        place = ", ".join(f"{float(value):.4g}" for value in apart)
        raise ModelError(
            f"{what}: expected the left eye 0.04 to 0.09 m from the right one along +X (metres, +Y "
            f"up, face along +Z), got ({place}); give the file as its authors publish it"
        )
