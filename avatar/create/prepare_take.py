"""A video to a take: the person's head, and frames with pose, expression and matte."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional

from avatar.capture.crop import Pyramid
from avatar.capture.follow_face import FaceTrace
from avatar.capture.matte import head_matte
from avatar.capture.networks import face_networks
from avatar.capture.read_video import open_video
from avatar.capture.tflite.network import one_thread
from avatar.core.camera import Camera
from avatar.core.material import linear_from_srgb
from avatar.core.splats import LAYERS
from avatar.core.transform import Transform
from avatar.create.head_of_track import head_of_track
from avatar.create.take_checks import (
    LEAST_SECONDS,
    camera_warnings,
    check_length,
    stillness_warnings,
    too_short,
)
from avatar.create.take_draft import TakeDraft
from avatar.create.track_options import TrackOptions
from avatar.create.track_video import Followed, Progress, follow_frames, track_face
from avatar.fit.video.track import Track
from avatar.gaussian.clean_plate import clean_mattes
from avatar.gaussian.frame_store import empty_frames
from avatar.gaussian.take import Take
from avatar.head.model import HeadModel

ROOM = 2.3
"""Side of the window that is kept, in sizes of the face."""


@dataclass(frozen=True, kw_only=True)
class TakeOptions:
    """How a video becomes a take.

    `size` is the pictures' longer side in pixels; of longer videos `most_frames` are kept, more
    where the face changes. The head is made from the first `portrait_share` of the video, so that
    the rest can serve to test. With a `frames_folder` the frames lie in a file there instead of in
    memory.
    """

    size: int = 512
    most_frames: int = 400
    portrait_share: float = 1.0
    frames_folder: Path | None = None


def prepare_take(
    video: Path,
    options: TakeOptions | None = None,
    tracking: TrackOptions | None = None,
    progress: Progress | None = None,
    draft: TakeDraft | None = None,
) -> Take:
    """Return the take of a video; what is in the `draft` is taken from there, the rest kept there.

    Raises:
        VideoError: it cannot be read, is shorter than a second, or shows the face in less than
            half of its frames.
        FaceNotFoundError: no frame shows a face.
    """
    options, tracking = options or TakeOptions(), tracking or TrackOptions()
    told = progress or _silent
    followed = draft.followed() if draft else None
    if followed is None:
        followed = _follow(video, tracking, told)
        if draft:
            draft.forget()
            draft.keep_followed(followed)
    check_length(video.name, followed.times, followed.traces)
    track = track_face(followed, tracking, lambda stage, done: told(stage, 0.3 + 0.1 * done))
    head = draft.head() if draft else None
    if head is None:
        told("making the head", 0.4)
        head = head_of_track(video, _beginning(track, options.portrait_share))
        if draft:
            draft.keep_head(head)
    rows = rows_worth_keeping(track.seen, track.weights, options.most_frames)
    window = _window(track, rows)
    camera, poses = _world(track, rows, window)
    scale = options.size / max(camera.width, camera.height)
    width, height = (round(side * scale / 2) * 2 for side in (camera.width, camera.height))
    pictures, mattes = (
        empty_frames((len(rows), height, width, *channels), options.frames_folder)
        for channels in ((3,), ())
    )
    _cut_out(
        video,
        followed.traces,
        rows,
        window,
        pictures,
        mattes,
        lambda done: told("cutting the person out", 0.5 + 0.47 * done),
    )
    moving = camera_warnings(pictures, mattes)
    if not moving:
        told("cleaning the outline", 0.97)
        clean_mattes(pictures, mattes)
    return Take(
        name=track.name,
        head=head,
        camera=camera.resized(width, height),
        times=track.times[rows].float(),
        weights=track.weights[rows].float(),
        world_from_head=poses,
        pictures=pictures,
        mattes=mattes,
        regions=vertex_layers(track.model),
        warnings=(
            *track.warnings,
            *stillness_warnings(track.name, track.weights[rows]),
            *moving,
        ),
    )


def _follow(video: Path, tracking: TrackOptions, told: Progress) -> Followed:
    with open_video(video) as opened:
        length = opened.duration or 60.0
        if length < LEAST_SECONDS:
            raise too_short(opened.name, length)

        def read(time: float) -> None:
            told("following the face", 0.3 * min(1.0, time / length))

        return follow_frames(opened.frames(), opened.name, tracking, read)


def rows_worth_keeping(
    seen: Bool[Tensor, " frames"], weights: Float[Tensor, "frames 52"], most: int
) -> Int[Tensor, " rows"]:
    """Return the frames that show the face, at most so many, denser where it changes."""
    rows = seen.nonzero()[:, 0]
    if len(rows) <= most:
        return rows
    change = weights[rows].diff(dim=0).abs().sum(1).double()
    steps = 0.5 * change / change.sum().clamp_min(1e-9) + 0.5 / len(change)
    place = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    wanted = torch.linspace(0, float(place[-1]), most, dtype=torch.float64)
    return rows[torch.searchsorted(place, wanted).clamp(max=len(rows) - 1).unique()]


def vertex_layers(model: HeadModel) -> Int[Tensor, " verts"]:
    """Return each vertex's layer as an index into `LAYERS`; -1 where nothing is to be seen."""
    layers = torch.full((len(model.template),), LAYERS.index("face"))
    known = {region.name: region.vertices for region in model.regions}
    by_region = {
        "scalp": "hair",
        "neck": "torso",
        "shoulders": "torso",
        "mouth_interior": "mouth",
        "eye_sockets": None,
        "cut": None,
    }
    for name, layer in by_region.items():
        if name in known:
            layers[known[name]] = -1 if layer is None else LAYERS.index(layer)
    by_part = {
        "eye": "eyes",
        "lashes": "eyes",
        "teeth": "mouth",
        "tongue": "mouth",
        "cornea": None,
        "conjunctiva": None,
    }
    for part in model.parts:
        kind = part.name.split("_")[0]
        if kind in by_part:
            layer = by_part[kind]
            layers[part.faces.unique()] = -1 if layer is None else LAYERS.index(layer)
    return layers


def _silent(stage: str, done: float) -> None:
    """Report nothing."""
    del stage, done


def _beginning(track: Track, share: float) -> Track:
    last = round(share * len(track))
    seen = track.seen.clone()
    seen[last:] = False
    return replace(track, seen=seen)


def _window(track: Track, rows: Int[Tensor, " rows"]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what the head moves in, within the picture."""
    vertices = track.model.vertices(track.identity)[track.model.landmarks68.corners[:, 0]]
    low, high = torch.full((2,), torch.inf), torch.full((2,), -torch.inf)
    for row in rows.tolist():
        pixels, _ = track.camera(row).project(vertices)
        corner, other = pixels.amin(0), pixels.amax(0)
        reach = (other - corner).max() * ROOM / 2
        middle = (corner + other) / 2
        # Hair reaches further above the face than what matters of the chest lies below it.
        middle = middle - middle.new_tensor([0.0, 0.1 * float(reach)])
        low, high = torch.minimum(low, middle - reach), torch.maximum(high, middle + reach)
    left, top = (max(0, int(value)) for value in low)
    right = min(track.width, int(high[0]) + 1)
    bottom = min(track.height, int(high[1]) + 1)
    return left, top, right - left, bottom - top


def _world(
    track: Track, rows: Int[Tensor, " rows"], window: tuple[int, int, int, int]
) -> tuple[Camera, Transform]:
    """Return the camera in the head frame of the most usual pose, and the poses there."""
    poses = Transform(
        rotation=track.camera_from_head.rotation[rows],
        translation=track.camera_from_head.translation[rows],
    )
    turn = (poses.rotation - poses.rotation.median(0).values).flatten(1).norm(dim=1)
    place = (poses.translation - poses.translation.median(0).values).norm(dim=1)
    home = int((turn + 5 * place).argmin())
    left, top, width, height = window
    camera = track.camera(int(rows[home])).cropped(left, top, width, height)
    world_from_camera = Transform(
        rotation=poses.rotation[home], translation=poses.translation[home]
    ).inverse()
    moved = world_from_camera @ poses
    return camera, Transform(rotation=moved.rotation.float(), translation=moved.translation.float())


def _cut_out(
    video: Path,
    traces: tuple[FaceTrace | None, ...],
    rows: Int[Tensor, " rows"],
    window: tuple[int, int, int, int],
    pictures: UInt8[Tensor, "rows height width 3"],
    mattes: UInt8[Tensor, "rows height width"],
    told: Callable[[float], None],
) -> None:
    """Fill in the frames, `window` of the film's, and the person's coverage in them."""
    left, top, width, height = window
    place = {row: number for number, row in enumerate(rows.tolist())}
    networks = face_networks(torch.device("cpu"))
    with open_video(video) as opened, one_thread(), torch.no_grad():
        for row, frame in enumerate(opened.frames()):
            trace = traces[row] if row < len(traces) else None
            if row not in place or trace is None:
                continue
            told(place[row] / len(place))
            picture = frame.pixels[top : top + height, left : left + width]
            linear = linear_from_srgb(picture.float() / 255)
            points = trace.points - trace.points.new_tensor([left, top, 0])
            matte = head_matte(Pyramid(linear), networks, points).coverage
            both = torch.cat([picture.float(), 255 * _levels(matte)[..., None]], -1)
            both = functional.interpolate(
                both.permute(2, 0, 1)[None], mattes.shape[1:], mode="bilinear", antialias=True
            )
            small = both[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)
            pictures[place[row]] = small[..., :3]
            mattes[place[row]] = small[..., 3]


def _levels(matte: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    """Return the matte without the faint smudges around it that flicker from frame to frame."""
    return ((matte - 0.2) / 0.6).clamp(0, 1)
