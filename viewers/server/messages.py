"""What the page and the server say to each other.

`viewers/web/src/messages.ts` is made from these classes by `python -m viewers.server.typescript`.
Names ending in `Request` travel from the page to the server, all others the other way.
"""

from dataclasses import dataclass
from typing import Literal

UploadKind = Literal["photo", "sound", "video", "avatar", "clip"]
JobKind = Literal["reconstruct", "prepare", "add", "speak", "track", "train", "clip", "export"]
JobStatus = Literal["waiting", "running", "done", "failed", "cancelled"]
ExportFormat = Literal[
    "glb", "obj", "avatar", "json", "ply", "spz", "splats", "csv", "npz", "mp4", "webm", "turn"
]  # fmt: skip
ImageFormat = Literal["png", "jpeg"]
StyleName = Literal["neutral", "whisper", "clear", "shout", "sing"]
EmotionName = Literal["none", "joy", "anger", "sadness", "fear", "surprise", "disgust"]

# ---- what the server tells -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AvatarEntry:
    """A head in the gallery; `ready` once it can be shown, `version` changes with the file.

    `splats` tells whether it has Gaussian splats to show; known once it is ready.
    """

    id: str
    name: str
    version: str
    bytes: int
    modified: float
    ready: bool
    splats: bool


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job as the page sees it; times in seconds since 1970, `progress` in [0, 1].

    `avatar` is the head it made or works on; `clip`, `sound` and `file` tell what it left to fetch.
    """

    id: str
    kind: JobKind
    status: JobStatus
    title: str
    stage: str
    progress: float
    created: float
    error: str | None
    warnings: tuple[str, ...]
    avatar: str | None
    clip: bool
    sound: bool
    file: str | None
    bytes: int


@dataclass(frozen=True, kw_only=True)
class UploadLimit:
    """How large a file of this kind may be, in bytes, and the suffixes to offer."""

    kind: UploadKind
    bytes: int
    suffixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FormatInfo:
    """A format to export; `needs_clip` and `needs_splats`: there is nothing to write without.

    `ending` is what is put behind the head's name to make the file's.
    """

    format: ExportFormat
    ending: str
    title: str
    detail: str
    takes_clip: bool
    needs_clip: bool
    needs_splats: bool
    takes_textures: bool
    slow: bool


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The first event on a connection: everything there is; `open` is the head to show first."""

    type: Literal["hello"]
    version: str
    avatars: tuple[AvatarEntry, ...]
    jobs: tuple[JobState, ...]
    limits: tuple[UploadLimit, ...]
    formats: tuple[FormatInfo, ...]
    open: str | None


@dataclass(frozen=True, kw_only=True)
class GalleryChanged:
    """The heads there are now."""

    type: Literal["gallery"]
    avatars: tuple[AvatarEntry, ...]


@dataclass(frozen=True, kw_only=True)
class JobChanged:
    """A job started, moved on or ended."""

    type: Literal["job"]
    job: JobState


@dataclass(frozen=True, kw_only=True)
class JobRemoved:
    """A job is no longer listed."""

    type: Literal["job_removed"]
    id: str


@dataclass(frozen=True, kw_only=True)
class ClipData:
    """A performance; arrays are little-endian 32-bit floats in base64, frame after frame.

    `times` has one number a frame, `weights` 52 in ARKit's order, `rotations` four (x, y, z, w) for
    each of `joints`.
    """

    name: str
    frames: int
    joints: tuple[str, ...]
    times: str
    weights: str
    rotations: str
    sound: bool


@dataclass(frozen=True, kw_only=True)
class LiveReady:
    """What follows the camera or the microphone waits; `delay` are the seconds it stays behind."""

    kind: Literal["ready"]
    delay: float


@dataclass(frozen=True, kw_only=True)
class LiveFace:
    """What a picture of the camera shows, or the face for a moment of the voice.

    Without weights there is no face. `time` is the picture's own, or the seconds since the first
    sample.

    `rotations` has four numbers (x, y, z, w) for each of `joints`.
    """

    kind: Literal["face"]
    time: float
    weights: tuple[float, ...]
    joints: tuple[str, ...]
    rotations: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LiveTaken:
    """The camera or microphone stopped, and the take is kept as this job."""

    kind: Literal["taken"]
    job: str


@dataclass(frozen=True, kw_only=True)
class LiveFailed:
    """Following ended for a reason that the visitor can do something about."""

    kind: Literal["failed"]
    error: str


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """A file that arrived."""

    id: str
    kind: UploadKind
    name: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """A head went to the trash, from where `undo` brings it back."""

    undo: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a request was not done, and the way out."""

    error: str


# ---- what the page asks for ------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ReconstructRequest:
    """Make a head from photos of one person; without any, from the portrait of `avatar demo`."""

    kind: Literal["reconstruct"]
    uploads: tuple[str, ...]
    name: str


@dataclass(frozen=True, kw_only=True)
class PrepareRequest:
    """Get a head ready to be shown."""

    kind: Literal["prepare"]
    avatar: str


@dataclass(frozen=True, kw_only=True)
class AddRequest:
    """Put an `.avatar` file into the gallery."""

    kind: Literal["add"]
    upload: str
    name: str


@dataclass(frozen=True, kw_only=True)
class SpeakRequest:
    """Let a head say a recording; an empty `text` means that the words are not known."""

    kind: Literal["speak"]
    upload: str
    avatar: str
    text: str
    style: StyleName
    emotion: EmotionName
    intensity: float


@dataclass(frozen=True, kw_only=True)
class TrackRequest:
    """Follow the face in a video; `make_head` also makes that person's head."""

    kind: Literal["track"]
    upload: str
    avatar: str | None
    make_head: bool
    name: str


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """Make an avatar of Gaussian splats from a video of somebody who talks."""

    kind: Literal["train"]
    upload: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ClipRequest:
    """Read a performance from a Live Link `.csv` or an `.npz`; without an upload, a short test."""

    kind: Literal["clip"]
    upload: str | None
    avatar: str


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """Write a head as a file; `clip` is the job whose performance goes along."""

    kind: Literal["export"]
    avatar: str
    format: ExportFormat
    clip: str | None
    texture_size: int
    image_format: ImageFormat


JobRequest = (
    ReconstructRequest
    | PrepareRequest
    | AddRequest
    | SpeakRequest
    | TrackRequest
    | TrainRequest
    | ClipRequest
    | ExportRequest
)


@dataclass(frozen=True, kw_only=True)
class RenameRequest:
    """Give a head another name."""

    name: str


EVENTS = (Hello, GalleryChanged, JobChanged, JobRemoved)
"""What comes over the WebSocket; nothing goes the other way."""

LIVE = (LiveReady, LiveFace, LiveTaken, LiveFailed)
"""What a page is told while its camera or microphone is followed.

It sends pictures or samples, then the word `stop`."""

ANSWERS = (ClipData, Uploaded, Deleted, Refused)
"""What HTTP requests are answered with."""
