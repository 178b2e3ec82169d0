"""A video becomes a splat avatar in a job, which goes on where it was after a restart."""

from pathlib import Path

import pytest

from avatar.gaussian.options import TrainOptions
from tests.gaussian.scene import made_up_take
from tests.viewers.conftest import ended, started
from viewers.server import train_task
from viewers.server.train_task import train_avatar

FEW = TrainOptions(splats=500, size=64, steps=8, codes=2)


@pytest.fixture
def prepared(monkeypatch) -> list[Path]:
    """Stand in for what a video is made into; return the videos that were looked at."""
    looked_at: list[Path] = []
    take = made_up_take(frames=2)

    def prepare(video: Path, *_: object, progress) -> object:
        looked_at.append(video)
        progress("following the face", 1.0)
        return take

    monkeypatch.setattr(train_task, "prepare_take", prepare)
    return looked_at


def test_a_video_becomes_an_avatar_with_splats_and_is_looked_at_once(tmp_path, prepared):
    video = tmp_path / "input-0.mp4"
    told: list[float] = []
    head, warnings = train_avatar(video, tmp_path, lambda _, done: told.append(done), FEW)
    assert head.splats is not None
    assert len(head.splats) > 0
    assert isinstance(warnings, tuple)
    assert told == sorted(told)
    assert 0.25 < told[0] <= 1
    # Begun anew after a restart, it takes up what it had found in the video.
    train_avatar(video, tmp_path, lambda *_: None, FEW)
    assert prepared == [video]


def test_a_training_is_a_job_of_the_long_lane(client):
    film = b"\x00\x00\x00\x18ftypisom" + bytes(200)
    upload = client.post("/api/uploads/video", content=film).json()["id"]
    job = ended(
        client, lambda: started(client, {"kind": "train", "upload": upload, "name": "Nobody"})
    )
    assert job["status"] == "failed"
    assert job["title"] == "Nobody"
    assert "/" not in job["error"]
