"""Who may come in: checked before any route sees a request.

- The name in the address (`Host`) is one of ours, so that a stranger's name that leads to this
  machine (DNS rebinding) opens nothing.
- Requests that another site's page makes are refused: by `Origin`, which browsers send with
  WebSockets and with all that changes something, and by `Sec-Fetch-Site`.
- Where a token is asked for, it comes once in the address and stays in a cookie.
"""

import hmac
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "avatar_studio"
POLICY_VIOLATION = 1008

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
        "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_SAFE = ("GET", "HEAD")
_NO_TOKEN = (
    "This studio asks for a token. Open the whole address that `avatar view` printed: it ends in "
    "?token=..."
)


class Gate:
    """The outermost ASGI application: refuses, or lets through and adds security headers."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], token: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal is not None:
                await receive()
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
            await self._app(scope, receive, send)
            return
        app = refusal or self._app
        await app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if self._hosts and host not in self._hosts:
            return PlainTextResponse("This address is not the studio's.", 421)
        if not _same_origin(scope, headers, host):
            return PlainTextResponse("Requests from other pages are refused.", 403)
        if self._token is None:
            return None
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Headers) -> Response | None:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if self._fits(given) and scope["type"] == "http" and scope["path"] == "/":
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, given, httponly=True, samesite="strict", path="/")
            return answer
        if self._fits(_cookie(headers)):
            return None
        return PlainTextResponse(_NO_TOKEN, 403)

    def _fits(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())


def _same_origin(scope: Scope, headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
    if origin is None:
        # Browsers always send it then; what does not is no page of ours.
        if changes:
            return False
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin") or (
            scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        )
    return origin.lower() in (f"http://{host}", f"https://{host}")


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
        await send(message)

    return sender
