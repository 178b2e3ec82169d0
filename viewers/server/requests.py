"""A visitor's request as an order: ids become paths here and nowhere else."""

from pathlib import Path

from avatar.core.errors import OptionError
from avatar.files.atomic import make_folder
from viewers.server.formats import TEXTURE_SIZES, format_info
from viewers.server.gallery import Gallery
from viewers.server.jobs import Jobs
from viewers.server.messages import (
    AddRequest,
    ClipRequest,
    ExportRequest,
    JobRequest,
    JobState,
    PrepareRequest,
    ReconstructRequest,
    SpeakRequest,
    TrackRequest,
    TrainRequest,
    UploadKind,
)
from viewers.server.names import clean_name, new_id
from viewers.server.order import Order
from viewers.server.uploads import Uploads

_MOST_PHOTOS = 12


class Requests:
    """Turns requests into jobs; AvatarError where one names what is not there or makes no sense."""

    def __init__(self, gallery: Gallery, uploads: Uploads, jobs: Jobs) -> None:
        self._gallery = gallery
        self._uploads = uploads
        self._jobs = jobs

    def start(self, request: JobRequest) -> JobState:
        """Start the job a visitor asks for."""
        if isinstance(request, PrepareRequest):
            running = self._jobs.preparing(request.avatar)
            if running is not None:
                return running
        self._jobs.check_room()
        identity = new_id()
        folder = self._gallery.state / "jobs" / identity
        match request:
            case PrepareRequest():
                state = self._prepare(identity, folder, request)
            case ReconstructRequest():
                state = self._reconstruct(identity, folder, request)
            case AddRequest():
                state = self._from_upload(identity, folder, request, ("avatar",))
            case SpeakRequest():
                state = self._speak(identity, folder, request)
            case TrackRequest() | TrainRequest():
                state = self._from_upload(identity, folder, request, ("video",))
            case ClipRequest():
                state = self._clip(identity, folder, request)
            case ExportRequest():
                state = self._export(identity, folder, request)
        return state

    def _prepare(self, identity: str, folder: Path, request: PrepareRequest) -> JobState:
        head = self._gallery.path(request.avatar)
        order = Order(task="prepare", folder=str(folder), head=str(head))
        return self._add(identity, order, head.stem, request.avatar)

    def _reconstruct(self, identity: str, folder: Path, request: ReconstructRequest) -> JobState:
        if len(set(request.uploads)) != len(request.uploads) or len(request.uploads) > _MOST_PHOTOS:
            raise OptionError(f"photos: expected at most {_MOST_PHOTOS} different ones")
        name = clean_name(request.name)
        inputs = self._take(folder, request.uploads, ("photo",))
        order = Order(task="reconstruct", folder=str(folder), inputs=inputs, name=name)
        return self._add(identity, order, name, None)

    def _from_upload(
        self,
        identity: str,
        folder: Path,
        request: AddRequest | TrackRequest | TrainRequest,
        kinds: tuple[UploadKind, ...],
    ) -> JobState:
        avatar = request.avatar if isinstance(request, TrackRequest) else None
        head = None if avatar is None else str(self._gallery.path(avatar))
        name = clean_name(request.name)
        order = Order(
            task=request.kind,
            folder=str(folder),
            inputs=self._take(folder, (request.upload,), kinds),
            name=name,
            head=head,
            make_head=isinstance(request, TrackRequest) and request.make_head,
        )
        return self._add(identity, order, name, avatar)

    def _speak(self, identity: str, folder: Path, request: SpeakRequest) -> JobState:
        head = self._gallery.path(request.avatar)
        if not 0 <= request.intensity <= 2:
            raise OptionError(f"intensity: expected 0 to 2, got {request.intensity}")
        title = self._uploads.find(request.upload, ("sound", "video")).name
        order = Order(
            task="speak",
            folder=str(folder),
            inputs=self._take(folder, (request.upload,), ("sound", "video")),
            name=title,
            head=str(head),
            text=request.text,
            style=request.style,
            emotion=request.emotion,
            intensity=request.intensity,
        )
        return self._add(identity, order, title, request.avatar)

    def _clip(self, identity: str, folder: Path, request: ClipRequest) -> JobState:
        head = self._gallery.path(request.avatar)
        title, inputs = "Test animation", ()
        if request.upload is not None:
            title = self._uploads.find(request.upload, ("clip",)).name
            inputs = self._take(folder, (request.upload,), ("clip",))
        order = Order(task="clip", folder=str(folder), inputs=inputs, name=title, head=str(head))
        return self._add(identity, order, title, request.avatar)

    def _export(self, identity: str, folder: Path, request: ExportRequest) -> JobState:
        head = self._gallery.path(request.avatar)
        known = format_info(request.format)
        if request.texture_size not in TEXTURE_SIZES:
            raise OptionError(f"texture_size: expected one of {TEXTURE_SIZES}")
        clip = sound = None
        if request.clip is not None and known.takes_clip:
            made = self._jobs.folder_of(request.clip)
            clip = str(made / "clip.npz") if (made / "clip.npz").is_file() else None
            sound = str(made / "sound.wav") if (made / "sound.wav").is_file() else None
        if known.needs_clip and clip is None:
            raise OptionError("clip: this format holds a performance; make the head speak first")
        if known.needs_splats and not self._gallery.entry(request.avatar).splats:
            raise OptionError("format: this head has no splats; `avatar train` makes one that has")
        order = Order(
            task="export",
            folder=str(folder),
            name=Path(head.stem + known.ending).stem,
            head=str(head),
            clip=clip,
            sound=sound,
            format=request.format,
            texture_size=request.texture_size,
            image_format=request.image_format,
        )
        return self._add(identity, order, head.stem + known.ending, request.avatar)

    def _take(
        self, folder: Path, uploads: tuple[str, ...], kinds: tuple[UploadKind, ...]
    ) -> tuple[str, ...]:
        found = [self._uploads.find(upload, kinds) for upload in uploads]
        make_folder(folder)
        paths = [folder / f"input-{i}{upload.path.suffix}" for i, upload in enumerate(found)]
        for upload, path in zip(found, paths, strict=True):
            self._uploads.take(upload, path)
        return tuple(str(path) for path in paths)

    def _add(self, identity: str, order: Order, title: str, avatar: str | None) -> JobState:
        make_folder(Path(order.folder))
        return self._jobs.add(identity, order, title, avatar)
