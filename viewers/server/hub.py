"""Everybody who listens: each page has a queue, so a slow one holds nobody up."""

import asyncio
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from viewers.server.codec import encode
from viewers.server.gate import POLICY_VIOLATION
from viewers.server.messages import GalleryChanged, Hello, JobChanged, JobRemoved

_QUEUE = 512
_MOST_LISTENERS = 64


class Hub:
    """Sends events to all connected pages."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()

    @property
    def listened(self) -> bool:
        """Whether anybody is there."""
        return bool(self._queues)

    def tell(self, event: GalleryChanged | JobChanged | JobRemoved) -> None:
        """Send an event to everybody; a page that lags too far is let go, and comes back."""
        text = encode(event)
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
                queue.get_nowait()
                queue.put_nowait("")
            else:
                queue.put_nowait(text)

    async def serve(self, socket: WebSocket, hello: Callable[[], Hello]) -> None:
        """Tell one page all there is, then all that happens, until it leaves."""
        if len(self._queues) >= _MOST_LISTENERS:
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        queue: asyncio.Queue[str] = asyncio.Queue(_QUEUE)
        self._queues.add(queue)
        leaving = asyncio.create_task(_until_left(socket))
        try:
            await socket.send_text(encode(hello()))
            while not leaving.done():
                getting = asyncio.create_task(queue.get())
                await asyncio.wait({getting, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    getting.cancel()
                elif getting.result() == "":
                    await socket.close(1013)
                    return
                else:
                    await socket.send_text(getting.result())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._queues.discard(queue)
            leaving.cancel()


async def _until_left(socket: WebSocket) -> None:
    """Wait until a page leaves; one that talks is shown out, since pages only listen here."""
    message = await socket.receive()
    if message["type"] != "websocket.disconnect":
        await socket.close(POLICY_VIOLATION)
