"""What was found in a video outlives an interruption, and only for that video."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from avatar.capture.brow_picture import BrowPicture
from avatar.capture.follow_face import FaceTrace
from avatar.create.take_draft import TakeDraft
from avatar.create.track_video import Followed
from tests.export.synthetic import synthetic_avatar


@pytest.fixture
def draft(tmp_path):
    return TakeDraft(stem=tmp_path / ".person.checkpoint", of="a.mp4")


def brows(generator):
    grey = torch.randint(0, 256, (5, 7), generator=generator, dtype=torch.uint8)
    return BrowPicture(grey=grey, left=3, top=2, width=14, height=10)


def followed():
    generator = torch.Generator().manual_seed(0)
    traces = [
        None
        if frame == 1
        else FaceTrace(
            time=frame / 25,
            width=64,
            height=48,
            points=torch.rand(478, 3, generator=generator),
            confidences=torch.rand(478, generator=generator),
            presence=0.9,
            shot=frame // 2,
            found=frame == 0,
            brows=None if frame == 2 else brows(generator),
        )
        for frame in range(4)
    ]
    return Followed(
        name="a",
        times=(0.0, 0.04, 0.08, 0.12),
        traces=tuple(traces),
        most_faces=2,
        warnings=("dark",),
    )


def test_followed_face_and_head_come_back(draft):
    assert draft.followed() is None
    assert draft.head() is None
    before, head = followed(), synthetic_avatar()
    draft.keep_followed(before)
    draft.keep_head(head)
    back = draft.followed()
    assert (back.name, back.times, back.most_faces, back.warnings) == (
        *(before.name, before.times),
        *(before.most_faces, before.warnings),
    )
    assert back.traces[1] is None
    for kept, trace in zip(back.traces, before.traces, strict=True):
        if trace is not None:
            assert_close(kept.points, trace.points, rtol=0, atol=0)
            assert (kept.shot, kept.found, kept.time) == (trace.shot, trace.found, trace.time)
        if trace is None or trace.brows is None:
            assert kept is None or kept.brows is None
        else:
            assert_close(kept.brows.grey, trace.brows.grey, rtol=0, atol=0)
            assert replace(kept.brows, grey=trace.brows.grey) == trace.brows
    assert_close(draft.head().mesh.vertices, head.mesh.vertices)
    draft.forget()
    assert not any(path.exists() for path in draft.paths)


def test_another_video_or_damage_begins_anew(draft):
    draft.keep_followed(followed())
    draft.keep_head(synthetic_avatar())
    other = TakeDraft(stem=draft.stem, of="b.mp4")
    assert other.followed() is None
    assert other.head() is None
    draft.paths[1].write_bytes(b"no avatar")
    assert draft.head() is None
    draft.paths[0].write_bytes(b"no tensors")
    assert draft.followed() is None
