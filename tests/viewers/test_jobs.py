"""Jobs: done in processes of their own, which may crash, be cancelled, or take too much."""

import asyncio
import base64
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.animation.live_link import write_live_link
from avatar.core.clip import Clip
from tests.core.a_few_splats import a_few_splats
from tests.export.glb_reader import Glb
from tests.export.synthetic import synthetic_avatar
from tests.viewers.conftest import EVENTS, client_of, ended, hello, read_json, started
from viewers.server.job import JobRecord, load_jobs, new_state
from viewers.server.order import Order, Outcome
from viewers.server.settings import StudioLimits
from viewers.server.worker_process import WorkerProcess


def ada(client) -> str:
    return hello(client)["avatars"][0]["id"]


def export_of(avatar: str, kind: str, clip: str | None) -> dict:
    return {
        "kind": "export",
        "avatar": avatar,
        "format": kind,
        "clip": clip,
        "texture_size": 512,
        "image_format": "jpeg",
    }


def prepared(client) -> str:
    avatar = ada(client)
    end = ended(client, lambda: started(client, {"kind": "prepare", "avatar": avatar}))
    assert end["status"] == "done"
    return avatar


def test_a_head_is_prepared_played_and_exported(client, folder, tmp_path):
    avatar = prepared(client)
    assert hello(client)["avatars"][0]["ready"]
    (tmp_path / "view.glb").write_bytes(client.get(f"/api/avatars/{avatar}/view.glb").content)
    assert len(Glb(tmp_path / "view.glb").json["meshes"]) == 6
    assert client.get(f"/api/avatars/{avatar}/thumb.jpg").content.startswith(b"\xff\xd8\xff")

    clip = ended(
        client, lambda: started(client, {"kind": "clip", "upload": None, "avatar": avatar})
    )
    assert clip["clip"]
    data = client.get(f"/api/jobs/{clip['id']}/clip").json()
    weights = np.frombuffer(base64.b64decode(data["weights"]), "<f4").reshape(-1, 52)
    assert len(weights) == data["frames"] == 241
    assert weights.max() == pytest.approx(1)

    request = export_of(avatar, "glb", clip["id"])
    job = ended(client, lambda: started(client, request))
    assert job["file"] == "Ada.glb"
    answer = client.get(f"/api/jobs/{job['id']}/file")
    assert 'filename="Ada.glb"' in answer.headers["content-disposition"]
    assert len(answer.content) == job["bytes"]
    (tmp_path / "out.glb").write_bytes(answer.content)
    assert Glb(tmp_path / "out.glb").json["animations"]
    zipped = ended(client, lambda: started(client, {**request, "format": "obj"}))
    assert client.get(f"/api/jobs/{zipped['id']}/file").content.startswith(b"PK")


def test_a_performance_from_a_file_is_filmed(client, tmp_path):
    pytest.importorskip("av")
    clip = Clip(times=torch.arange(4) / 30, weights=torch.rand(4, 52), name="short")
    path = tmp_path / "short.csv"
    write_live_link(clip, path)
    avatar = ada(client)
    name = {"x-file-name": path.name}
    upload = client.post("/api/uploads/clip", content=path.read_bytes(), headers=name).json()["id"]
    request = {"kind": "clip", "upload": upload, "avatar": avatar}
    read = ended(client, lambda: started(client, request))
    assert read["title"] == "short"
    film = export_of(avatar, "webm", read["id"])
    job = ended(client, lambda: started(client, film))
    assert job["file"] == "Ada.webm"
    assert client.get(f"/api/jobs/{job['id']}/file").content.startswith(b"\x1aE\xdf\xa3")


def test_splats_are_exported_where_there_are_any(client, folder):
    request = export_of(ada(client), "ply", None)
    answer = client.post("/api/jobs", json=request)
    assert "has no splats" in answer.json()["error"]
    head = synthetic_avatar()
    replace(head, splats=a_few_splats(head)).save(folder / "Ada.avatar")
    prepared(client)
    assert hello(client)["avatars"][0]["splats"]
    job = ended(client, lambda: started(client, request))
    assert client.get(f"/api/jobs/{job['id']}/file").content.startswith(b"ply\n")


def test_a_file_that_is_no_head_says_so_and_tells_nothing_of_this_machine(client, folder):
    upload = client.post("/api/uploads/avatar", content=b"PK\x03\x04 and nothing else").json()["id"]
    job = ended(client, lambda: started(client, {"kind": "add", "upload": upload, "name": "x"}))
    assert job["status"] == "failed"
    assert str(folder) not in job["error"]
    assert [entry["name"] for entry in hello(client)["avatars"]] == ["Ada"]


def test_a_performance_is_needed_for_a_film(client):
    request = export_of(ada(client), "mp4", None)
    answer = client.post("/api/jobs", json=request)
    assert answer.status_code == 400
    assert "make the head speak first" in answer.json()["error"]


def test_one_job_too_many_is_refused(settings):
    with client_of(replace(settings, limits=StudioLimits(waiting_jobs=0))) as client:
        answer = client.post("/api/jobs", json={"kind": "reconstruct", "uploads": [], "name": "x"})
    assert answer.status_code == 400
    assert "too many" in answer.json()["error"]


def test_a_cancelled_job_is_gone_and_the_next_one_is_done(client):
    avatar = ada(client)
    first = started(client, {"kind": "reconstruct", "uploads": [], "name": "slow"})
    with client.websocket_connect(EVENTS) as events:
        events.receive_json()
        assert client.delete(f"/api/jobs/{first['id']}").status_code == 204
        while events.receive_json()["type"] != "job_removed":
            pass
    assert first["id"] not in [job["id"] for job in hello(client)["jobs"]]
    assert prepared(client) == avatar


def order_in(folder: Path, **changes: object) -> Order:
    folder.mkdir(exist_ok=True)
    return replace(Order(task="reconstruct", folder=str(folder), name="x"), **changes)


def outcome_of(order: Order, seconds: float, disturb=None) -> Outcome:
    async def run() -> Outcome:
        worker = await WorkerProcess.start(Path(order.folder) / "log")
        task = asyncio.create_task(
            worker.run(order, lambda _stage, _done: disturb and disturb(worker), seconds)
        )
        return await task

    return asyncio.run(run())


def test_a_crashing_worker_is_an_outcome_like_any_other(tmp_path):
    crash = lambda worker: os.kill(worker.pid, signal.SIGKILL)  # noqa: E731
    outcome = outcome_of(order_in(tmp_path / "job"), 60, crash)
    assert outcome.error is not None
    assert "signal 9" in outcome.error


def test_a_worker_that_takes_too_long_is_ended(tmp_path):
    outcome = outcome_of(order_in(tmp_path / "job"), 0.2)
    assert outcome.error is not None
    assert "longer than" in outcome.error


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory is limited on Linux only")
def test_a_worker_that_takes_too_much_memory_says_so(tmp_path):
    outcome = outcome_of(order_in(tmp_path / "job", memory=1 << 28), 60)
    assert outcome.error is not None
    assert "memory" in outcome.error or "stopped unexpectedly" in outcome.error


def test_a_finished_job_is_there_after_a_restart_and_an_unfinished_one_is_done(settings, folder):
    with client_of(settings) as client:
        avatar = prepared(client)
        done = ended(
            client, lambda: started(client, {"kind": "clip", "upload": None, "avatar": avatar})
        )
    # As a server that was killed leaves it behind.
    path = folder / ".avatar-studio" / "jobs" / ("ab" * 8)
    path.mkdir()
    order = Order(task="clip", folder=str(path), name="again", head=str(folder / "Ada.avatar"))
    state = replace(new_state("ab" * 8, order, "again", avatar), status="running")
    JobRecord(state=state, order=order, attempts=1).save()
    with client_of(settings) as client:
        listed = {job["id"]: job for job in hello(client)["jobs"]}
        assert listed[done["id"]] == done
        assert client.get(f"/api/jobs/{done['id']}/clip").status_code == 200
        deadline = time.monotonic() + 60
        while listed["ab" * 8]["status"] != "done" and time.monotonic() < deadline:
            time.sleep(0.1)
            listed = {job["id"]: job for job in hello(client)["jobs"]}
        assert listed["ab" * 8]["status"] == "done"
    assert read_json(path / "job.json")["attempts"] == 2


def test_a_job_that_ended_the_server_twice_is_given_up(settings, folder):
    jobs = folder / ".avatar-studio" / "jobs"
    path = jobs / ("cd" * 8)
    path.mkdir(parents=True)
    order = Order(task="reconstruct", folder=str(path), name="deadly")
    JobRecord(state=new_state("cd" * 8, order, "deadly", None), order=order, attempts=2).save()
    with client_of(settings) as client:
        [job] = hello(client)["jobs"]
    assert job["status"] == "failed"
    assert "start it again" in job["error"]


def test_a_damaged_record_is_removed(tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "job.json").write_text('{"state": 3}')
    (tmp_path / "empty").mkdir()
    assert load_jobs(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
