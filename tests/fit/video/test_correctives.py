"""What coefficients cannot say becomes a person's own shapes; noise and the rest do not."""

import math
from dataclasses import replace

import pytest
import torch

from avatar.capture.follow_face import FaceTrace
from avatar.core.transform import Transform
from avatar.fit.residuals.apertures import LIDS, LIPS
from avatar.fit.video.correctives import corrected
from avatar.fit.video.track import Track
from avatar.head.registry import load_model

FRAMES = 60
MOUTH_CORNER, FOREHEAD = 61, 10


@pytest.fixture(scope="module")
def still():
    """A track of a face that, as far as the coefficients tell, never moves."""
    model = load_model("anny")
    facing = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    return Track(
        name="still",
        model=model,
        identity=torch.zeros(model.identity_size),
        focal=800.0,
        width=480,
        height=480,
        times=torch.arange(FRAMES, dtype=torch.float64) / 25,
        seen=torch.ones(FRAMES, dtype=torch.bool),
        weights=torch.zeros(FRAMES, 52),
        camera_from_head=Transform(
            rotation=facing.expand(FRAMES, 3, 3),
            translation=torch.tensor([0.0, 0.0, 0.6]).expand(FRAMES, 3),
        ),
        gaze=torch.zeros(FRAMES, 2, 2),
        residuals=torch.ones(FRAMES),
        shots=torch.zeros(FRAMES, dtype=torch.int64),
    )


def pulled(track, most):
    """Return how the mouth's right corner is pulled outwards, by frame, and how much each time."""
    points = track.landmarks(torch.arange(FRAMES))
    off = (points[0] - points[0, MOUTH_CORNER]).norm(dim=1)
    share = torch.exp(-(off**2) / (2 * 0.015**2))[None, :, None]
    pull = 0.5 - 0.5 * torch.cos(torch.arange(FRAMES) * (2 * math.pi / 30))
    return points + share * (pull * most)[:, None, None] * torch.tensor([-1.0, 0.3, 0.0]), pull


def traces_of(track, points, noise=0.0):
    middle = (track.width - 1) / 2
    in_camera = points @ track.camera_from_head.rotation[0].T + torch.tensor([0.0, 0.0, 0.6])
    flat = in_camera[..., :2] / in_camera[..., 2:] * track.focal + middle
    flat = flat + noise * torch.randn(flat.shape, generator=torch.Generator().manual_seed(0))
    seen = torch.cat([flat, torch.zeros_like(flat[..., :1])], 2)
    return [
        FaceTrace(
            time=float(time),
            width=track.width,
            height=track.height,
            points=own,
            confidences=torch.ones(478),
            presence=1.0,
            shot=0,
            found=False,
        )
        for time, own in zip(track.times, seen, strict=True)
    ]


def test_a_mouth_pulled_to_one_side_is_followed_and_nothing_else_moves(still):
    points, pull = pulled(still, 0.005)
    track = corrected(still, traces_of(still, points, noise=0.2))
    rows = torch.arange(FRAMES)
    before = (still.landmarks(rows) - points)[:, :468].norm(dim=2)
    after = (track.landmarks(rows) - points)[:, :468].norm(dim=2)
    assert float(after.mean()) < 0.4 * float(before.mean())
    full = int(pull.argmax())
    moved = track.landmarks(rows)[full] - still.landmarks(rows)[full]
    assert float(moved[MOUTH_CORNER, 0]) == pytest.approx(-0.005, rel=0.2)
    assert float(moved[FOREHEAD].norm()) < 0.0004
    away = still.model.region("shoulders") | still.model.region("scalp")
    assert float(track.corrective(full)[away].norm(dim=1).max()) < 0.0004
    assert float(track.residuals.max()) < 0.02
    torch.testing.assert_close(track.weights, still.weights)


def test_noise_moves_nobody(still):
    points = still.landmarks(torch.arange(FRAMES))
    track = corrected(still, traces_of(still, points, noise=0.5))
    moved = (track.landmarks(torch.arange(FRAMES)) - points).norm(dim=2)
    # Half a pixel is 0.37 mm here.
    assert float(moved.mean()) < 0.00015


def test_landmarks_gone_wild_pull_by_six_millimetres_at_most(still):
    points, _ = pulled(still, 0.1)
    track = corrected(still, traces_of(still, points))
    moved = track.landmarks(torch.arange(FRAMES)) - still.landmarks(torch.arange(FRAMES))
    assert float(moved.norm(dim=2).max()) < 0.008


def test_a_few_frames_teach_nothing(still):
    seen = torch.arange(FRAMES) < 10
    short = replace(still, seen=seen)
    points, _ = pulled(still, 0.005)
    assert corrected(short, traces_of(still, points)).correctives is None


def test_lips_and_lids_stay_as_far_apart_as_the_coefficients_say(still):
    """A mouth that hangs open for most of a video is not open in the frames where it is shut."""
    points = still.landmarks(torch.arange(FRAMES)).clone()
    upper, lower = (list(side) for side in zip(*LIPS, *LIDS, strict=True))
    points[: FRAMES * 3 // 4, lower] -= torch.tensor([0.0, 0.004, 0.0])
    track = corrected(still, traces_of(still, points))
    rows = torch.arange(FRAMES)
    before, after = (
        (some.landmarks(rows)[:, upper] - some.landmarks(rows)[:, lower]).norm(dim=2)
        for some in (still, track)
    )
    assert float((after - before).mean(1).abs().max()) < 0.0006
