"""Turns a photo into observations: where a face's points, irises and outline are."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.confidence import point_confidences
from avatar.capture.crop import Crop, Pyramid
from avatar.capture.detect_faces import MINIMUM_FACE, trace_faces
from avatar.capture.detection import TracedFace
from avatar.capture.matte import head_matte
from avatar.capture.mesh import crop_around, trace_mesh
from avatar.capture.networks import FaceNetworks, face_networks
from avatar.capture.observation import Observation, Photo
from avatar.capture.tflite.network import one_thread
from avatar.capture.visibility import visible_fractions
from avatar.core.errors import FaceNotFoundError, OptionError

# Crops that differ in scale, place (both as fractions of the face crop) and angle (radians).
_VIEWS = (
    (1.0, 0.0, 0.0, 0.0),
    (0.94, 0.02, 0.01, 0.05),
    (1.06, -0.01, 0.02, -0.05),
    (1.03, 0.01, -0.02, 0.08),
    (0.97, -0.02, -0.01, -0.08),
    (1.0, 0.02, -0.01, 0.03),
)


@dataclass(frozen=True, kw_only=True)
class ObserveOptions:
    """Which face to look at, and how closely.

    `face` counts a picture's faces from 1, the largest. `views` crops, each with its mirror image,
    are averaged, six at most. `matte` asks for the head's outline, without which it is all zero.
    """

    face: int = 1
    views: int = 6
    matte: bool = True


def observe(photo: Photo, options: ObserveOptions | None = None) -> Observation:
    """Observe one face of a photo, the largest unless `options` say otherwise.

    Raises:
        FaceNotFoundError: there is no face, none that is large enough or seen from within 80
            degrees of the front, or fewer than `options.face`.
        OptionError: `options.face` is below 1.
    """
    options = options or ObserveOptions()
    if options.face < 1:
        raise OptionError(f"face: expected 1 (the largest) or more, got {options.face}")
    pyramid, networks = _prepared(photo)
    with one_thread(), torch.no_grad():
        faces = trace_faces(pyramid, networks, exhaustive=options.face > 1)
        usable = _usable(photo, faces)
        if options.face > len(usable):
            raise FaceNotFoundError(
                f"face: expected 1 to {len(usable)}, since {photo.name} shows "
                f"{_counted(len(usable))}, numbered from the largest; got {options.face}"
            )
        return _observed(photo, pyramid, networks, usable, options.face - 1, options)


def observe_all(photo: Photo, options: ObserveOptions | None = None) -> tuple[Observation, ...]:
    """Observe every usable face of a photo, largest first; `options.face` is ignored.

    Raises:
        FaceNotFoundError: there is no face, or none that can be used.
    """
    options = options or ObserveOptions()
    pyramid, networks = _prepared(photo)
    with one_thread(), torch.no_grad():
        usable = _usable(photo, trace_faces(pyramid, networks, exhaustive=True))
        return tuple(
            _observed(photo, pyramid, networks, usable, index, options)
            for index in range(len(usable))
        )


def _prepared(photo: Photo) -> tuple[Pyramid, FaceNetworks]:
    if min(photo.width, photo.height) < MINIMUM_FACE:
        raise FaceNotFoundError(
            f"{photo.name}: the picture is too small ({photo.width} x {photo.height}); a face "
            f"needs at least {MINIMUM_FACE} pixels, and shows detail from 200"
        )
    return Pyramid(photo.pixels), face_networks(photo.pixels.device)


def _usable(photo: Photo, faces: tuple[TracedFace, ...]) -> list[TracedFace]:
    """Return the faces with landmarks that are large enough, or say why there are none."""
    if not faces:
        raise FaceNotFoundError(
            f"{photo.name}: no face found; give a picture that shows a face of at least "
            f"{MINIMUM_FACE} pixels, not covered, and lit well enough to see"
        )
    traced = [face for face in faces if face.points is not None]
    usable = [face for face in traced if face.detection.size >= MINIMUM_FACE]
    if usable:
        return usable
    if traced:
        raise FaceNotFoundError(
            f"{photo.name}: the largest face is {traced[0].detection.size:.0f} pixels; at least "
            f"{MINIMUM_FACE} are needed, give a larger picture or one taken from nearer"
        )
    raise FaceNotFoundError(
        f"{photo.name}: the face is seen in profile, more than 80 degrees from the front; give a "
        "picture in which both eyes can be seen"
    )


def _observed(
    photo: Photo,
    pyramid: Pyramid,
    networks: FaceNetworks,
    faces: list[TracedFace],
    index: int,
    options: ObserveOptions,
) -> Observation:
    face = faces[index]
    if face.points is None:
        raise AssertionError("only faces with points are usable")
    points, spread, presence = _averaged(pyramid, networks, face.points, options.views)
    size = crop_around(points, margin=1.0).side
    confidences = point_confidences(
        points,
        spread,
        presence=presence,
        size=size,
        picture=(photo.width, photo.height),
        visible=visible_fractions(points),
    )
    if options.matte:
        neighbours = tuple(f.detection.box for i, f in enumerate(faces) if i != index)
        matte = head_matte(pyramid, networks, points, neighbours)
        coverage, certainty = matte.coverage, matte.confidence
    else:
        coverage, certainty = photo.pixels.new_zeros(photo.height, photo.width), 0.0
    return Observation(
        photo=photo,
        landmarks=points[:, :2],
        landmark_depths=points[:, 2],
        confidences=confidences,
        box=torch.cat([points[:468, :2].amin(0), points[:468, :2].amax(0)]),
        score=face.detection.score,
        matte=coverage,
        matte_confidence=certainty,
    )


def _averaged(
    pyramid: Pyramid, networks: FaceNetworks, points: Float[Tensor, "478 3"], views: int
) -> tuple[Float[Tensor, "478 3"], Float[Tensor, "478"], float]:
    """Return points averaged over views and their mirror images, their spread and the presence.

    Views in which the network doubts that there is a face count less. The spread is twice the mean
    distance in pixels from the average: of two opinions, the distance between them.
    """
    base = crop_around(points)
    crops = [
        Crop(
            center_x=base.center_x + right * base.side,
            center_y=base.center_y + down * base.side,
            side=base.side * scale,
            angle=base.angle + turn,
        )
        for scale, right, down, turn in _VIEWS[: max(1, views)]
    ]
    seen = trace_mesh(pyramid, networks, crops * 2, [False] * len(crops) + [True] * len(crops))
    weights = seen.presence.clamp_min(1e-3) ** 2
    weights = (weights / weights.sum())[:, None]
    mean = (seen.points * weights[..., None]).sum(0)
    spread = 2 * ((seen.points - mean)[..., :2].norm(dim=-1) * weights).sum(0)
    return mean, spread, float(seen.presence.mean())


def _counted(faces: int) -> str:
    return "one usable face" if faces == 1 else f"{faces} usable faces"
