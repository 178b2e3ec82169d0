"""Landmark embeddings: measured ones from the packaged file, else a frontal estimate of the 68."""

from jaxtyping import Float, Int
from safetensors.torch import load_file
from torch import Tensor

from avatar.core.errors import AvatarError
from avatar.core.mesh import SurfacePoints
from avatar.files.assets import asset
from avatar.head.frontal_landmarks import frontal_landmarks

MEASURED_FILE = "anny_landmarks.safetensors"


def landmark_embeddings(
    template: Float[Tensor, "verts 3"], skin_faces: Int[Tensor, "faces 3"], key: str
) -> tuple[SurfacePoints, SurfacePoints | None]:
    """Return the 68 and the 478 points on the model of that topology key.

    The measured file holds them for the topologies it was measured on; for others the 68 points
    are estimated and the 478 are None.
    """
    measured = _measured(key)
    if measured is not None:
        return measured
    return frontal_landmarks(template, skin_faces), None


def _measured(key: str) -> tuple[SurfacePoints, SurfacePoints] | None:
    try:
        path = asset(MEASURED_FILE)
    except AvatarError:
        return None
    if not path.exists():
        return None
    table = load_file(path)
    if f"{key}/landmarks68/corners" not in table:
        return None
    both = tuple(
        SurfacePoints(
            corners=table[f"{key}/{name}/corners"],
            barycentrics=table[f"{key}/{name}/barycentrics"],
        )
        for name in ("landmarks68", "landmarks478")
    )
    return both[0], both[1]
