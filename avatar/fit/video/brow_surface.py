"""The skin that brows move: samples of it, and what of a frame shows it."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.capture.brow_picture import BrowPicture
from avatar.core.arkit import ARKIT_NAMES
from avatar.core.mesh import SurfacePoints, vertex_normals
from avatar.fit.brightness import FLOOR, Brightness, FaceCrop, FaceTriangles
from avatar.fit.fit_photo_consistency import skin_around
from avatar.fit.state import EXPRESSION_SIZE, PhotoState
from avatar.fit.surface_samples import SurfaceSamples, sample_surface
from avatar.fit.visible import occluders
from avatar.head.model import HeadModel

BROW_INDICES = tuple(i for i, name in enumerate(ARKIT_NAMES) if name.startswith("brow"))
_EYE_INDICES = tuple(i for i, name in enumerate(ARKIT_NAMES) if name.startswith("eye"))

_SAMPLES = 1600
"""On the whole face; some 200 of them are moved by brows."""

_BROW_MOVE, _LID_MOVE = 0.0007, 0.0015
"""Metres: samples are moved by more by a brow, and by less by lids."""

_AROUND = 0.02
"""Metres around the samples in which it is looked for what belongs to the face."""

_BLUR, _WIDE_BLUR = 0.0015, 0.006
"""Metres: what is finer is noise, what is coarser is light."""

_LEAST_COSINE = 0.3


@dataclass(frozen=True, kw_only=True)
class BrowSurface:
    """One person's brows and forehead, metres in the head frame.

    `samples` move with the expression alone, from places with normals `normals`. The triangles
    `faces` around them hide one another; `is_face` says which of them are skin.
    """

    samples: SurfaceSamples
    normals: Float[Tensor, "samples 3"]
    mean: Float[Tensor, "verts 3"]
    basis: Float[Tensor, "verts 3 52"]
    faces: Int[Tensor, "faces 3"]
    is_face: Bool[Tensor, " faces"]

    def look(
        self, picture: BrowPicture, photo: PhotoState
    ) -> tuple[Brightness, Bool[Tensor, " samples"]]:
        """Return the fine part of a frame's log brightness, and which samples it shows.

        A sample is shown that turns towards the camera and lies where the face covers the picture.
        """
        photo = photo.to(torch.float32)
        rows, columns = picture.grey.shape
        camera = photo.camera.cropped(picture.left, picture.top, picture.width, picture.height)
        camera = camera.resized(columns, rows)
        posed = FaceTriangles(
            vertices=self.mean + self.basis @ photo.expression,
            faces=self.faces,
            is_face=self.is_face,
        )
        mask = posed.seen_by(camera)
        crop = FaceCrop(
            value=(picture.linear() + FLOOR).log(),
            mask=mask,
            corner=(picture.left - 0.5, picture.top - 0.5),
            scale=(picture.width / columns, picture.height / rows),
            pixels_per_metre=float(photo.focal / photo.camera_from_head.translation[2]),
        )
        points = self.samples.mean + self.samples.basis @ photo.expression
        towards = functional.normalize(camera.position_in_world - points, dim=1)
        facing = (self.normals * towards).sum(1) > _LEAST_COSINE
        column, row = camera.project(points)[0].round().long().unbind(1)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        covered = mask[row.clamp(0, rows - 1), column.clamp(0, columns - 1)] > 0
        return crop.fine_part(_BLUR, _WIDE_BLUR), facing & inside & covered


def brow_surface(model: HeadModel, neutral: Float[Tensor, "verts 3"]) -> BrowSurface:
    """Return the skin that brows move on a person's neutral head, metres in the head frame."""
    samples = _samples(model, neutral)
    low, high = samples.mean.amin(0) - _AROUND, samples.mean.amax(0) + _AROUND
    faces = occluders(model)
    faces = faces[((neutral > low) & (neutral < high)).all(1)[faces].all(1)]
    used, flat = faces.unique(return_inverse=True)
    normals = samples.on(vertex_normals(neutral, model.part("skin").faces))
    return BrowSurface(
        samples=samples,
        normals=functional.normalize(normals, dim=1),
        mean=neutral[used],
        basis=model.expression_basis[:, used].permute(1, 2, 0).contiguous(),
        faces=flat.reshape(faces.shape),
        is_face=skin_around(model)[faces].all(1),
    )


def _samples(model: HeadModel, neutral: Float[Tensor, "verts 3"]) -> SurfaceSamples:
    """Return the samples that brows move and lids do not."""
    every = sample_surface(model, "face", _SAMPLES)
    moves = every.basis[..., -EXPRESSION_SIZE:]
    far = moves.norm(dim=1)
    kept = far[:, list(BROW_INDICES)].amax(1) > _BROW_MOVE
    kept &= far[:, list(_EYE_INDICES)].amax(1) < _LID_MOVE
    places = SurfacePoints(
        corners=every.places.corners[kept], barycentrics=every.places.barycentrics[kept]
    )
    return SurfaceSamples(
        places=places,
        mean=places.on(neutral),
        basis=moves[kept].contiguous(),
        area=every.area,
    )
