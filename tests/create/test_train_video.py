"""A real video becomes a splat avatar."""

import pytest
import torch

from avatar.capture.read_video import open_video
from avatar.core.pose_splats import SplatRig, pose_splats
from avatar.core.splats import LAYERS
from avatar.create.prepare_take import TakeOptions, prepare_take, rows_worth_keeping
from avatar.create.train import train
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import matted, size_at
from avatar.render.draw_splats import draw_splats
from tests.video_files import write_video

pytest.importorskip("av")


@pytest.mark.slow
def test_real_video_becomes_an_avatar_that_looks_like_the_person(inputs, tmp_path):
    with open_video(inputs / "videos" / "talking_8s_a.mp4") as video:
        frames = [frame.pixels.numpy() for frame, _ in zip(video.frames(), range(30), strict=False)]
    write_video(tmp_path / "cut.mp4", frames)
    take = prepare_take(tmp_path / "cut.mp4", TakeOptions(size=128, most_frames=24))
    assert 20 <= len(take) <= 24
    assert (take.camera.width, take.camera.height) == (128, 128)
    assert not take.warnings
    # A person in the middle, background in the upper corners.
    assert float(take.mattes[:, 50:90, 50:78].float().mean()) > 240
    assert float(take.mattes[:, :20, :20].float().mean()) < 5
    avatar = train(take, TrainOptions(splats=3000, size=128, steps=160))
    splats = avatar.splats
    assert splats is not None
    shown = {LAYERS[number] for number in splats.layers.unique().tolist()}
    assert {"face", "hair", "eyes", "mouth", "torso"} == shown
    rig = SplatRig.build(avatar, splats.corners, splats.barycentrics)
    with torch.no_grad():
        posed = pose_splats(splats, rig, take.weights[5], take.head_at(5))
        drawn = draw_splats(posed, take.camera.resized(*size_at(take, 128)), torch.ones(3))
    picture, matte = matted(take, 5, (128, 128))
    error = (drawn.features.clamp(0, 1) - picture - (1 - matte)).square().mean()
    assert float(error) < 10**-1.8


def test_frames_are_kept_where_the_face_changes():
    weights = torch.zeros(100, 52)
    weights[70:90] = torch.rand(20, 52, generator=torch.Generator().manual_seed(0))
    seen = torch.ones(100, dtype=torch.bool)
    kept = rows_worth_keeping(seen, weights, 40)
    assert len(kept) <= 40
    assert int(((kept >= 70) & (kept < 90)).sum()) >= 15
    assert int((kept < 70).sum()) >= 8
    seen[5] = False
    assert 5 not in rows_worth_keeping(seen, weights, 200).tolist()
