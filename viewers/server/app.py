"""The studio as an ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from avatar.core.errors import AvatarError
from avatar.core.version import own_version
from viewers.server.codec import RequestError, decode, encode
from viewers.server.formats import FORMATS
from viewers.server.gallery import Gallery, id_of
from viewers.server.gate import POLICY_VIOLATION, Gate
from viewers.server.hub import Hub
from viewers.server.job import ACTIVE
from viewers.server.jobs import Jobs
from viewers.server.live import CAMERA, VOICE, Live
from viewers.server.media_types import SUFFIXES
from viewers.server.messages import (
    GalleryChanged,
    Hello,
    JobRequest,
    PrepareRequest,
    Refused,
    RenameRequest,
)
from viewers.server.names import NotThereError
from viewers.server.order import LiveOrder
from viewers.server.page import page_files, send_page
from viewers.server.requests import Requests
from viewers.server.settings import StudioSettings
from viewers.server.uploads import TooLargeError, UnknownTypeError, Uploads
from viewers.server.worker_process import Workers

_LOOK_SECONDS = 3.0
_PREPARED_TYPES = {
    ".glb": "model/gltf-binary",
    ".jpg": "image/jpeg",
    ".bin": "application/octet-stream",
}
_STATUS: dict[type[AvatarError], int] = {
    NotThereError: 404,
    TooLargeError: 413,
    UnknownTypeError: 415,
}

Handler = Callable[[Request], Awaitable[Response]]


def studio_app(settings: StudioSettings) -> Gate:
    """Return the application; its jobs run while its lifespan lasts.

    Raises:
        OutputError: the folder cannot be used.
    """
    studio = _Studio(settings)
    routes = [
        WebSocketRoute("/api/events", studio.events),
        WebSocketRoute("/api/camera", studio.camera),
        WebSocketRoute("/api/voice", studio.voice),
        Route("/api/uploads/{kind}", _told(studio.upload), methods=["POST"]),
        Route("/api/jobs", _told(studio.start_job), methods=["POST"]),
        Route("/api/jobs/{job}", _told(studio.end_job), methods=["DELETE"]),
        Route("/api/jobs/{job}/{name}", _told(studio.job_file)),
        Route("/api/avatars/{avatar}", _told(studio.delete), methods=["DELETE"]),
        Route("/api/avatars/{avatar}/name", _told(studio.rename), methods=["POST"]),
        Route("/api/avatars/{avatar}/{name}", _told(studio.avatar_file)),
        Route("/api/trash/{undo}", _told(studio.restore), methods=["POST"]),
        Route("/{name:path}", studio.page),
    ]
    app = Starlette(routes=routes, lifespan=studio.lifespan)
    return Gate(app, settings.hosts, settings.token)


class _Studio:
    """The routes, and what they share."""

    def __init__(self, settings: StudioSettings) -> None:
        self._settings = settings
        self._hub = Hub()
        self._gallery = Gallery(settings.folder)
        self._gallery.set_up()
        self._uploads = Uploads(self._gallery.state / "uploads", settings.limits)
        self._workers = Workers(self._gallery.state / "workers.log")
        self._jobs = Jobs(self._gallery, self._workers, settings.limits, self._hub.tell)
        self._requests = Requests(self._gallery, self._uploads, self._jobs)
        self._live = Live(self._gallery.state / "jobs", self._workers, self._jobs.add_take)
        self._page = page_files()
        self._seen = self._gallery.entries()

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        """Run jobs, and look whether heads came or went."""
        del app
        tasks = [asyncio.create_task(self._jobs.run()), asyncio.create_task(self._watch())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._workers.end()

    async def events(self, socket: WebSocket) -> None:
        """Tell a page all that happens."""
        await self._jobs.expect()
        await self._hub.serve(socket, self._hello)

    async def camera(self, socket: WebSocket) -> None:
        """Follow a page's camera."""
        await self._live.serve(socket, CAMERA, LiveOrder(folder=""))

    async def voice(self, socket: WebSocket) -> None:
        """Let a head speak along with a page's microphone."""
        rate = socket.query_params.get("rate", "")
        try:
            head = self._gallery.path(socket.query_params.get("avatar", ""))
        except NotThereError:
            head = None
        if head is None or not rate.isdecimal() or not 8000 <= int(rate) <= 192_000:
            await socket.close(POLICY_VIOLATION)
            return
        order = LiveOrder(folder="", head=str(head), rate=int(rate))
        await self._live.serve(socket, VOICE, order)

    async def upload(self, request: Request) -> Response:
        """Take a file."""
        kind: Any = request.path_params["kind"]
        if kind not in SUFFIXES:
            raise NotThereError(f"upload: expected one of {', '.join(SUFFIXES)}")
        stated = request.headers.get("content-length", "0")
        self._uploads.check_size(kind, int(stated) if stated.isdigit() else 0)
        name = unquote(request.headers.get("x-file-name", ""))
        return _json(await self._uploads.receive(kind, name, request.stream()))

    async def start_job(self, request: Request) -> Response:
        """Start a job."""
        body = await self._body(request)
        return _json(self._requests.start(decode(JobRequest, body)), 202)

    async def end_job(self, request: Request) -> Response:
        """Cancel a job, or forget it."""
        self._jobs.end(request.path_params["job"])
        return Response(status_code=204)

    async def job_file(self, request: Request) -> Response:
        """Send what a job left."""
        job, name = request.path_params["job"], request.path_params["name"]
        folder = self._jobs.folder_of(job)
        if name == "clip":
            return _file(folder / "clip.json", "application/json")
        if name == "sound":
            return _file(folder / "sound.wav", "audio/wav")
        made = next(folder.glob("export.*"), None) if name == "file" else None
        if made is None:
            raise NotThereError("job: there is no such file")
        return FileResponse(
            made, media_type="application/octet-stream", filename=self._jobs.state(job).file
        )

    async def avatar_file(self, request: Request) -> Response:
        """Send what a head is shown by."""
        name = request.path_params["name"]
        path = self._gallery.prepared(request.path_params["avatar"], name)
        return _file(path, _PREPARED_TYPES[path.suffix])

    async def rename(self, request: Request) -> Response:
        """Give a head another name; answers with the head."""
        wanted: RenameRequest = decode(RenameRequest, await self._body(request))
        identity = self._gallery.rename(request.path_params["avatar"], wanted.name)
        return self._with_entry(identity)

    async def delete(self, request: Request) -> Response:
        """Move a head to the trash."""
        deleted = self._gallery.delete(request.path_params["avatar"])
        self._look()
        return _json(deleted)

    async def restore(self, request: Request) -> Response:
        """Bring a head back; answers with the head."""
        return self._with_entry(self._gallery.restore(request.path_params["undo"]))

    async def page(self, request: Request) -> Response:
        """Send the page."""
        return send_page(self._page, request.path_params["name"])

    def _with_entry(self, identity: str) -> Response:
        self._look()
        return _json(next(entry for entry in self._seen if entry.id == identity))

    def _hello(self) -> Hello:
        opened = self._settings.open
        return Hello(
            type="hello",
            version=own_version(),
            avatars=self._gallery.entries(),
            jobs=self._jobs.states(),
            limits=self._uploads.limits(),
            formats=FORMATS,
            open=None if opened is None else id_of(opened),
        )

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(AvatarError):
                if self._hub.listened:
                    self._look()
                    self._prepare_one()

    def _prepare_one(self) -> None:
        """While nothing else is to be done, get the next head ready that was not tried yet."""
        jobs = self._jobs.states()
        if any(job.status in ACTIVE for job in jobs):
            return
        tried = {job.avatar for job in jobs if job.kind == "prepare"}
        for entry in self._seen:
            if not entry.ready and entry.id not in tried:
                self._requests.start(PrepareRequest(kind="prepare", avatar=entry.id))
                return

    def _look(self) -> None:
        entries = self._gallery.entries()
        if entries != self._seen:
            self._seen = entries
            self._hub.tell(GalleryChanged(type="gallery", avatars=entries))

    async def _body(self, request: Request) -> bytes:
        parts: list[bytes] = []
        async for part in request.stream():
            parts.append(part)
            if sum(map(len, parts)) > self._settings.limits.request_bytes:
                raise RequestError("request: too long")
        return b"".join(parts)


def _told(handler: Handler) -> Handler:
    """Answer with the reason where a visitor can mend something."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except AvatarError as error:
            return _json(Refused(error=str(error)), _STATUS.get(type(error), 400))

    return answered


def _json(message: object, status: int = 200) -> Response:
    return Response(encode(message), status, media_type="application/json")


def _file(path: Any, media_type: str) -> Response:  # noqa: ANN401
    if not path.is_file():
        raise NotThereError("file: it is not there")
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})
