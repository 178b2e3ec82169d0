"""Who gets in: the studio's own page, and nobody else's."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.viewers.conftest import ADDRESS, EVENTS, client_of, hello
from viewers.server.app import studio_app

EVIL = "https://evil.example"


def test_the_page_gets_the_page_and_the_events(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "studio.js" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert [entry["name"] for entry in hello(client)["avatars"]] == ["Ada"]


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://127.0.0.1:9999", "http://127.0.0.1", None]
)
def test_another_page_hears_nothing(settings, origin):
    headers = {} if origin is None else {"origin": origin}
    with (
        TestClient(studio_app(settings), ADDRESS) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(EVENTS, headers=headers),
    ):
        pass


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("origin", [EVIL, "null", ""])
def test_another_page_changes_nothing(client, folder, method, origin):
    avatar = hello(client)["avatars"][0]["id"]
    answer = client.request(method, f"/api/avatars/{avatar}", headers={"origin": origin})
    assert answer.status_code == 403
    assert (folder / "Ada.avatar").is_file()


def test_another_page_cannot_even_show_a_thumbnail(client):
    client.headers.pop("origin")
    answer = client.get("/api/avatars/0/thumb.jpg", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_name_that_leads_here_opens_nothing(client):
    answer = client.get("/", headers={"host": "rebound.example:8765"})
    assert answer.status_code == 421


def test_who_talks_on_the_event_line_is_shown_out(client):
    for message in ("{}", "x" * 1000):
        with client.websocket_connect(EVENTS) as events:
            events.receive_json()
            events.send_text(message)
            with pytest.raises(WebSocketDisconnect):
                events.receive_json()
    assert hello(client)["type"] == "hello"


def test_a_token_is_asked_for_once_and_then_kept(settings):
    with client_of(replace(settings, token="s3cret-token")) as client:
        assert client.get("/").status_code == 403
        assert client.get("/?token=wrong").status_code == 403
        assert client.get("/api/avatars/0/view.glb?token=s3cret-token").status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(EVENTS):
            pass
        welcome = client.get("/?token=s3cret-token", follow_redirects=False)
        assert welcome.status_code == 303
        assert "token" not in welcome.headers["location"]
        cookie = welcome.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/").status_code == 200
        assert hello(client)["type"] == "hello"


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/avatars/..%2f..%2fx/view.glb",
        "//etc/passwd",
        "/api/jobs/..%2f..%2f/file",
        "/src/main.ts",
    ],
)
def test_no_path_leads_to_a_file_that_is_not_the_pages(client, path):
    assert client.get(path).status_code == 404
