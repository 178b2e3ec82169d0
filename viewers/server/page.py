"""The built page: the files it consists of, by name."""

from pathlib import Path

from starlette.responses import FileResponse, PlainTextResponse, Response

BUILT = Path(__file__).parents[1] / "web" / "built"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


def page_files(folder: Path = BUILT) -> dict[str, Path]:
    """Return the page's files by their path in the address; only these are ever sent."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in _TYPES
    }


def send_page(files: dict[str, Path], name: str) -> Response:
    """Answer with one of the page's files; the browser asks each time whether it has changed."""
    path = files.get(name or "index.html")
    if path is None:
        return PlainTextResponse("There is no such page.", 404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})
