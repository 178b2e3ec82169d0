"""Follows one face through a video: its 478 points frame by frame, searched for only when lost."""

import math
from dataclasses import dataclass, replace
from functools import cache

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from avatar.capture.brow_picture import BrowPicture
from avatar.capture.confidence import point_confidences
from avatar.capture.crop import Crop, Pyramid
from avatar.capture.detect_faces import MINIMUM_FACE, trace_faces
from avatar.capture.detection import TracedFace
from avatar.capture.head_pose import head_angles
from avatar.capture.mesh import crop_around, trace_mesh
from avatar.capture.networks import face_networks
from avatar.capture.observation import Observation, Photo
from avatar.capture.read_video import VideoFrame
from avatar.capture.tflite.network import one_thread
from avatar.capture.visibility import FaceSurface, face_surface, visible_fractions
from avatar.core.errors import OptionError
from avatar.core.material import linear_from_srgb

_DEAD_BAND = 0.04
"""The crop stays where it is until the face has moved by this share of its side."""

_LEAST_PRESENCE = 0.5
_SEARCH_EVERY = 0.15
"""Seconds between searches of a video that shows no face."""

_CUT = 0.16
"""Mean change of a thumbnail's brightness, of 1, from one frame to the next, that is a cut."""

_MOST_YAW = math.radians(70)
_TURNED = math.radians(6)
"""What the head hides of itself is found anew once it has turned by so much."""

_THUMBNAIL = 24


@dataclass(frozen=True, kw_only=True)
class FollowOptions:
    """Which face to follow (from 1, the largest), and from how many views a frame (1 to 4).

    Every second view is a mirror image; two lower the jitter by a third, four by half.
    """

    face: int = 1
    views: int = 2


@dataclass(frozen=True, kw_only=True)
class FaceTrace:
    """A face in one frame: points (x, y, depth) in pixels as in `Observation`, confidences.

    `shot` counts the cuts before the frame; `found` says that the face was searched for, not
    followed from the frame before. `brows` shows brows and forehead where that was asked for.
    """

    time: float
    width: int
    height: int
    points: Float[Tensor, "478 3"]
    confidences: Float[Tensor, "478"]
    presence: float
    shot: int
    found: bool
    brows: BrowPicture | None = None

    def observation(self) -> Observation:
        """Return the trace as an observation whose picture is blank."""
        blank = self.points.new_zeros(1, 1, 1)
        flat = self.points[:468, :2]
        return Observation(
            photo=Photo(pixels=blank.expand(self.height, self.width, 3), name=f"{self.time:.3f} s"),
            landmarks=self.points[:, :2],
            landmark_depths=self.points[:, 2],
            confidences=self.confidences,
            box=torch.cat([flat.amin(0), flat.amax(0)]),
            score=self.presence,
            matte=blank[..., 0].expand(self.height, self.width),
            matte_confidence=0.0,
        )


class FaceFollower:
    """Follows one face; give it the frames in order."""

    def __init__(self, options: FollowOptions | None = None) -> None:
        self.options = options or FollowOptions()
        if self.options.face < 1:
            raise OptionError(f"face: expected 1 (the largest) or more, got {self.options.face}")
        if not 1 <= self.options.views <= 4:
            raise OptionError(f"views: expected 1 to 4, got {self.options.views}")
        self._crop: Crop | None = None
        self._before: Float[Tensor, "478 3"] | None = None
        self._searched = -math.inf
        self._thumbnail: Tensor | None = None
        self._surface: tuple[FaceSurface, tuple[float, float, float]] | None = None
        self._shot = 0
        self.most_faces = 0
        """The most usable faces that any searched frame showed."""

    def follow(self, frame: VideoFrame) -> FaceTrace | None:
        """Return the face in the next frame, None where it is not to be seen."""
        with one_thread(), torch.no_grad():
            if self._is_cut(frame):
                self._shot += 1
                self._lose()
            trace = self._followed(frame)
            return trace or self._found(frame)

    def _followed(self, frame: VideoFrame) -> FaceTrace | None:
        if self._crop is None or self._before is None:
            return None
        trace = self._look(frame, self._crop, found=False)
        if trace is None:
            self._lose()
            return None
        self._keep(trace.points)
        return trace

    def _found(self, frame: VideoFrame) -> FaceTrace | None:
        if frame.time - self._searched < _SEARCH_EVERY:
            return None
        self._searched = frame.time
        pyramid = Pyramid(linear_from_srgb(frame.pixels.float() / 255))
        networks = face_networks(pyramid.device)
        faces = trace_faces(pyramid, networks, exhaustive=self.options.face > 1)
        usable = [f for f in faces if f.points is not None and f.detection.size >= MINIMUM_FACE]
        self.most_faces = max(self.most_faces, len(usable))
        chosen = self._choice(usable)
        if chosen is None or chosen.points is None:
            return None
        trace = self._look(frame, crop_around(chosen.points), found=True)
        if trace is not None:
            self._before = None
            self._keep(trace.points)
        return trace

    def _choice(self, faces: list[TracedFace]) -> TracedFace | None:
        """Return the face asked for, or, after one was lost without a cut, the nearest to it."""
        before = self._before
        if before is not None and faces:
            middle = before[:468, :2].mean(0)
            return min(faces, key=lambda f: _apart(f, middle))
        return faces[self.options.face - 1] if len(faces) >= self.options.face else None

    def _look(self, frame: VideoFrame, crop: Crop, *, found: bool) -> FaceTrace | None:
        """Trace the mesh in a crop and judge whether that is a face."""
        pyramid, left, top = _window(frame.pixels, crop)
        moved = replace(crop, center_x=crop.center_x - left, center_y=crop.center_y - top)
        turns = (0.0, 0.0, 0.04, -0.04)[: self.options.views]
        crops = [replace(moved, angle=moved.angle + turn) for turn in turns]
        flips = [False, True, True, False][: self.options.views]
        seen = trace_mesh(pyramid, face_networks(frame.pixels.device), crops, flips)
        presence = float(seen.presence.min())
        points = seen.points.mean(0)
        size = crop_around(points, margin=1.0).side
        angles = head_angles(points)
        if presence < _LEAST_PRESENCE or not _is_face(size, angles, crop):
            return None
        spread = 2 * (seen.points - points)[..., :2].norm(dim=-1).mean(0)
        points = points + points.new_tensor([left, top, 0.0])
        return FaceTrace(
            time=frame.time,
            width=frame.width,
            height=frame.height,
            points=points,
            confidences=point_confidences(
                points,
                spread,
                presence=presence,
                size=size,
                picture=(frame.width, frame.height),
                visible=self._visible(points, angles),
            ),
            presence=presence,
            shot=self._shot,
            found=found,
        )

    def _visible(
        self, points: Float[Tensor, "478 3"], angles: tuple[float, float, float]
    ) -> Float[Tensor, "478"]:
        """Return how visible points are, by a surface kept while the head hardly turns."""
        if self._surface is None or math.dist(angles, self._surface[1]) > _TURNED:
            self._surface = face_surface(points), angles
        return visible_fractions(points, self._surface[0])

    def _keep(self, points: Float[Tensor, "478 3"]) -> None:
        """Choose the next frame's crop: where the face will be if it goes on moving as it did."""
        ahead = points if self._before is None else 2 * points - self._before
        self._before = points
        wanted = crop_around(points)
        shift = (ahead - points)[:468, :2].mean(0)
        current = self._crop
        if current is not None:
            off = max(
                abs(wanted.center_x - current.center_x) / current.side,
                abs(wanted.center_y - current.center_y) / current.side,
                abs(wanted.side / current.side - 1),
                abs(wanted.angle - current.angle) / 2,
                float(shift.norm()) / current.side,
            )
            if off < _DEAD_BAND:
                return
        self._crop = replace(
            wanted,
            center_x=wanted.center_x + float(shift[0]),
            center_y=wanted.center_y + float(shift[1]),
        )

    def _lose(self) -> None:
        """Forget where the face was, and search for it at once."""
        self._crop = None
        self._searched = -math.inf

    def _is_cut(self, frame: VideoFrame) -> bool:
        """Tell whether the whole picture changed at once."""
        rows = torch.linspace(0, frame.height - 1, _THUMBNAIL).long()
        columns = torch.linspace(0, frame.width - 1, _THUMBNAIL).long()
        small = frame.pixels[rows][:, columns].float().mean(2)
        before, self._thumbnail = self._thumbnail, small
        if before is None or before.shape != small.shape:
            return False
        cut = float((small - before).abs().mean()) / 255 > _CUT
        if cut:
            self._before = None
        return cut


def _apart(face: TracedFace, middle: Float[Tensor, "2"]) -> float:
    box = face.detection.box
    return float(((box[:2] + box[2:]) / 2 - middle).norm())


def _window(pixels: UInt8[Tensor, "height width 3"], crop: Crop) -> tuple[Pyramid, float, float]:
    """Return the part of a frame around a crop, linear, and where its corner is."""
    # The corners of the turned square, and what its border's samples reach beyond them.
    reach = crop.side * ((abs(math.cos(crop.angle)) + abs(math.sin(crop.angle))) / 2 + 0.03) + 2
    height, width = pixels.shape[:2]
    left = min(max(0, int(crop.center_x - reach)), width - 2)
    top = min(max(0, int(crop.center_y - reach)), height - 2)
    right = max(min(width, math.ceil(crop.center_x + reach) + 1), left + 2)
    bottom = max(min(height, math.ceil(crop.center_y + reach) + 1), top + 2)
    part = pixels[top:bottom, left:right]
    linear = _linear_of_bytes(pixels.device).index_select(0, part.reshape(-1).int())
    return Pyramid(linear.reshape(part.shape)), float(left), float(top)


@cache
def _linear_of_bytes(device: torch.device) -> Float[Tensor, "256"]:
    return linear_from_srgb(torch.arange(256, device=device) / 255)


def _is_face(size: float, angles: tuple[float, float, float], crop: Crop) -> bool:
    """Refuse meshes that collapsed, grew out of their crop, or turned away."""
    if not 0.3 < size / crop.side < 1.0 or size < 0.75 * MINIMUM_FACE:
        return False
    return abs(angles[1]) < _MOST_YAW
