"""`avatar view` as a user starts it."""

import signal
import urllib.error
import urllib.request

import pytest

from avatar.cli import main
from tests.viewers.conftest import said_within


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_without_a_display_it_says_what_to_do_and_ctrl_c_ends_it(start_studio):
    studio = start_studio("--port", "0")
    assert "no browser to open here" in studio.said
    assert "ssh -L" in studio.said
    assert status(studio.address) == 200
    assert studio.end(signal.SIGINT) == 0
    assert said_within(studio.process, 2) == ""


def test_bound_elsewhere_it_asks_for_a_token(start_studio):
    studio = start_studio("--port", "0", "--host", "0.0.0.0")
    address, token = studio.address.split("?token=")
    assert "0.0.0.0" not in address  # nobody can open that
    assert len(token) >= 32
    assert status(address) == 403
    assert status(f"{address}?token={token}x") == 403


def test_a_busy_port_leads_to_the_next_one(start_studio):
    first = start_studio("--port", "0", "--no-browser")
    port = int(first.address.rsplit(":", 1)[1].strip("/"))
    second = start_studio("--port", str(port), "--no-browser")
    assert "no browser to open" not in second.said
    assert f"Port {port} is taken" in second.said
    assert second.address != first.address
    assert status(second.address) == 200


@pytest.mark.parametrize("name", ["nobody.avatar", "head.glb", "notes.txt"])
def test_what_is_no_head_is_refused(name, tmp_path, capsys):
    if name == "notes.txt":
        (tmp_path / name).write_text("x")
    assert main(["view", str(tmp_path / name)]) == 2
    assert "path" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_cannot_be_is_refused(port, tmp_path, capsys):
    assert main(["view", str(tmp_path), "--port", port]) == 2
    assert "expected 0 to 65535" in capsys.readouterr().err
