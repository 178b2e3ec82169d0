"""ICT-FaceKit as a head model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.errors import ModelError
from avatar.core.mesh import MeshPart, SurfacePoints
from avatar.files.cache import cached_record, fingerprint
from avatar.head.ict.parts_uvs import part_uvs, skin_uvs
from avatar.head.ict.skeleton import JOINT_NAMES, PARENTS, joint_regressor, skin_weights
from avatar.head.ict.source import IctSource, read_ict
from avatar.head.ict.topology import PARTS, SKIN_POLYGONS
from avatar.head.imported.annotate import annotated
from avatar.head.imported.sphere import sphere_centre
from avatar.head.imported.version import importer_version
from avatar.head.model import HeadModel
from avatar.head.parts.gaze import gaze_expressions
from avatar.head.record import model_of, record_of

METRES_PER_CENTIMETRE = 0.01
# ARKit coefficients that are a pair of shapes here, one for each side.
_PAIRS = ("browInnerUp", "cheekPuff")
_ABSENT = ("tongueOut",)


def load_ict(path: Path, told: Callable[[float], None] | None = None) -> HeadModel:
    """Return ICT-FaceKit from its folder or an archive of it; converted once, then cached.

    `told` gets the share of the files that is read, while they are.
    Its `_L` and `_R` are the subject's left and right; `browInnerUp` and `cheekPuff` are the sums
    of its halves, `tongueOut` moves nothing. The eyes, which it turns by joints, get ARKit's looks
    as exact rotations. `identity_variance_kept` is 1: all modes in the files are taken. Skinning
    weights, which it does not have, blend root, neck and head smoothly along the neck.

    Raises:
        ModelError: files are missing, damaged, or of other counts than published.
    """
    return model_of(
        cached_record("ict", _version(path), lambda: record_of(_converted(read_ict(path, told))))
    )


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """The source's vertices that are kept, ascending, and where each went (-1: dropped)."""

    vertices: Int[Tensor, " kept"]
    place: Int[Tensor, " source"]


def _version(path: Path) -> str:
    """Name the code and the files: an archive by content, a folder by names, sizes and times."""
    if not path.exists():
        raise ModelError(f"ICT-FaceKit {path}: no such file or folder")
    package = Path(__file__).parent
    if path.is_file():
        return importer_version(package, path)
    files = sorted(path.rglob("*.obj"))
    listing = [
        f"{file.relative_to(path)} {file.stat().st_size} {file.stat().st_mtime_ns}"
        for file in files
    ]
    if not files:
        raise ModelError(f"ICT-FaceKit {path}: no .obj files; give the folder with FaceXModel")
    return fingerprint([importer_version(package, files[0]), *listing])


def _converted(source: IctSource) -> HeadModel:
    kept = _kept(source)
    neutral = torch.from_numpy(source.neutral)[kept.vertices] * METRES_PER_CENTIMETRE
    eyes = {
        name: sphere_centre(neutral[_faces(source, kept, name).unique()])
        for name in ("eye_left", "eye_right")
    }
    origin = (eyes["eye_left"] + eyes["eye_right"]) / 2
    template = neutral - origin
    parts, uvs = _parts(source, kept, template)
    identity = torch.from_numpy(source.identity)[:, kept.vertices] * METRES_PER_CENTIMETRE
    deviations = identity.flatten(1).norm(dim=1)
    order = deviations.argsort(descending=True)
    landmarks = kept.place[torch.from_numpy(source.landmarks68)]
    model = HeadModel(
        name="ict",
        licence="MIT",
        source="ICT-FaceKit by USC Institute for Creative Technologies (Li et al., CVPR 2020)",
        template=template.float(),
        identity_basis=identity[order].float(),
        identity_deviations=deviations[order].float(),
        identity_variance_kept=1.0,
        expression_basis=_expressions(source, kept, template, parts).float(),
        uvs=uvs.float(),
        parts=parts,
        joint_names=JOINT_NAMES,
        parents=PARENTS,
        joint_regressor=joint_regressor(template, parts).float(),
        skin_weights=skin_weights(template, parts).float(),
        regions=(),
        landmarks68=SurfacePoints(
            corners=landmarks[:, None].expand(-1, 3).contiguous(),
            barycentrics=torch.tensor([1.0, 0.0, 0.0]).expand(68, 3).contiguous(),
        ),
        landmarks478=None,
        mirror=_mirror(template, parts),
    )
    inside = {
        "mouth_interior": _mask(source, kept, "mouth_socket"),
        "eye_sockets": _mask(source, kept, "eye_socket_left")
        | _mask(source, kept, "eye_socket_right"),
    }
    return annotated(model, known=inside)


def _kept(source: IctSource) -> _Kept:
    chosen = [_triangles(source, area) for area in SKIN_POLYGONS.values()]
    chosen += [_triangles(source, part.polygons) for part in PARTS]
    vertices = torch.from_numpy(np.unique(source.faces[np.any(chosen, axis=0)]))
    place = torch.full((len(source.neutral),), -1, dtype=torch.long)
    place[vertices] = torch.arange(len(vertices))
    return _Kept(vertices=vertices, place=place)


def _triangles(source: IctSource, polygons: tuple[int, int]) -> np.ndarray:
    return (source.polygon >= polygons[0]) & (source.polygon <= polygons[1])


def _faces(source: IctSource, kept: _Kept, name: str) -> Int[Tensor, "faces 3"]:
    polygons = next(part.polygons for part in PARTS if part.name == name)
    return kept.place[torch.from_numpy(source.faces[_triangles(source, polygons)])]


def _mask(source: IctSource, kept: _Kept, area: str) -> Tensor:
    """Return the skin vertices that belong to an area and to no other."""
    mask = torch.zeros(len(kept.vertices), dtype=torch.bool)
    mask[kept.place[torch.from_numpy(source.faces[_triangles(source, SKIN_POLYGONS[area])])]] = True
    for other, polygons in SKIN_POLYGONS.items():
        if other in ("face", "head"):
            outside = torch.from_numpy(source.faces[_triangles(source, polygons)])
            mask[kept.place[outside]] = False
    return mask


def _parts(
    source: IctSource, kept: _Kept, template: Float[Tensor, "verts 3"]
) -> tuple[tuple[MeshPart, ...], Float[Tensor, "uvs 2"]]:
    """Return the parts and all texture coordinates: the skin's repacked, the others' our own."""
    skin = np.any([_triangles(source, area) for area in SKIN_POLYGONS.values()], axis=0)
    uvs, uv_faces = skin_uvs(source, skin)
    blocks = [uvs]
    parts = [
        MeshPart(
            name="skin",
            faces=kept.place[torch.from_numpy(source.faces[skin])],
            uv_faces=uv_faces,
            material="skin",
        )
    ]
    for part in PARTS:
        faces = _faces(source, kept, part.name)
        used, local = faces.unique(return_inverse=True)
        start = sum(len(block) for block in blocks)
        blocks.append(part_uvs(part, template, used, kept.vertices[used]))
        parts.append(
            MeshPart(name=part.name, faces=faces, uv_faces=local + start, material=part.material)
        )
    return tuple(parts), torch.cat(blocks)


def _expressions(
    source: IctSource,
    kept: _Kept,
    template: Float[Tensor, "verts 3"],
    parts: tuple[MeshPart, ...],
) -> Float[Tensor, "52 verts 3"]:
    shapes = torch.from_numpy(source.expressions)[:, kept.vertices] * METRES_PER_CENTIMETRE
    index = {name: row for row, name in enumerate(source.expression_names)}
    wanted = {name: _ict_names(name) for name in ARKIT_NAMES}
    absent = sorted({ict for names in wanted.values() for ict in names} - set(index))
    if absent:
        raise ModelError(f"ICT-FaceKit: expressions {', '.join(absent)} are not among its shapes")
    basis = torch.stack(
        [
            shapes[[index[ict] for ict in wanted[name]]].sum(0)
            if wanted[name]
            else torch.zeros_like(template)
            for name in ARKIT_NAMES
        ]
    )
    for side in ("left", "right"):
        ball = next(part for part in parts if part.name == f"eye_{side}").faces.unique()
        basis[:, ball] = gaze_expressions(template[ball], sphere_centre(template[ball]), side)
    return basis


def _ict_names(name: str) -> list[str]:
    if name in _ABSENT:
        return []
    if name in _PAIRS:
        return [f"{name}_L", f"{name}_R"]
    for ours, theirs in (("Left", "_L"), ("Right", "_R")):
        # jawLeft and mouthLeft are directions, not sides.
        if name.endswith(ours) and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            return [name.removesuffix(ours) + theirs]
    return [name]


def _mirror(
    template: Float[Tensor, "verts 3"], parts: tuple[MeshPart, ...]
) -> Int[Tensor, " verts"]:
    """Return the nearest vertex to each one's mirror image, among those of the mirrored part."""
    mirror = torch.zeros(len(template), dtype=torch.long)
    swap = {"left": "right", "right": "left"}
    vertices = {part.name: part.faces.unique() for part in parts}
    for name, own in vertices.items():
        stem, _, side = name.rpartition("_")
        other = vertices[f"{stem}_{swap[side]}" if side in swap else name]
        image = template[own] * template.new_tensor([-1.0, 1.0, 1.0])
        _, nearest = KDTree(template[other].numpy()).query(image.numpy())
        mirror[own] = other[torch.from_numpy(nearest)]
    return mirror
