"""The finished thing: a person's head with mesh, rig, materials and where they came from."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from avatar.core.material import Material
from avatar.core.mesh import Mesh, SurfacePoints
from avatar.core.rig import Rig
from avatar.core.splats import Splats


@dataclass(frozen=True, kw_only=True)
class AvatarInfo:
    """Where an avatar comes from: its head model, licence, and what made it."""

    name: str
    head_model: str
    licence: str
    generator: str


@dataclass(frozen=True, kw_only=True)
class Avatar:
    """A rigged, textured head of one person, in the NEUTRAL expression.

    `mesh` is in metres in the head frame; `rig` moves it; `materials` are named by the mesh's
    parts; `landmarks68` are the iBUG points glued to its surface; `report` is what
    `avatar reconstruct --report` writes (JSON-serialisable). `splats`, where the person was
    trained from a video, hang on the mesh and show the person as filmed.
    """

    info: AvatarInfo
    mesh: Mesh
    rig: Rig
    materials: tuple[Material, ...]
    landmarks68: SurfacePoints
    report: dict[str, Any] = field(default_factory=dict[str, Any])
    splats: Splats | None = None

    def material(self, name: str) -> Material:
        """Return the material of that name; KeyError names the ones there are."""
        for material in self.materials:
            if material.name == name:
                return material
        raise KeyError(f"no material {name!r}; there are {[m.name for m in self.materials]}")

    def pose(
        self,
        weights: Float[Tensor, "52"],
        rotations: Float[Tensor, "joints 3 3"] | None = None,
    ) -> Float[Tensor, "verts 3"]:
        """Return the vertices with these coefficients and local joint rotations."""
        return self.rig.pose(self.mesh.vertices, weights, rotations)

    def save(self, path: Path | str) -> None:
        """Write this avatar to an `.avatar` file, whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """
        _bundle().save_avatar(self, path)

    @staticmethod
    def load(path: Path | str) -> "Avatar":
        """Read an `.avatar` file; safe for files from strangers.

        Raises:
            BundleError: it is missing, damaged, unsafe, or from a newer version.
        """
        return _bundle().load_avatar(path)


def _bundle() -> Any:  # noqa: ANN401 -- a module
    # By name, when called: `core` knows no file format, it only lends it these two methods.
    return import_module("avatar.files.bundle")
