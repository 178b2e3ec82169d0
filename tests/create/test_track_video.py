"""A face in a video becomes a performance; what is no face, or someone else's, does not."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from avatar.capture.follow_face import FaceTrace
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.errors import FaceNotFoundError, OptionError
from avatar.core.transform import rotation_vector_from_matrix
from avatar.create.head_of_track import portrait_frames
from avatar.create.track_options import TrackOptions
from avatar.create.track_video import follow_frames, track_face, track_video
from avatar.fit.video.face_tracker import FaceTracker, TrackerOptions
from avatar.head.registry import load_model
from tests.video_files import moving_picture, write_video

pytest.importorskip("av")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A portrait that slides through the picture, gone for a while in the middle."""
    photo = data.astronaut()[:336, 64:400]
    frames = moving_picture(photo, 12, step=2)
    grey = [np.full_like(frames[0], 128)] * 6
    path = tmp_path_factory.mktemp("film") / "face.mp4"
    write_video(path, [*frames, *grey, *frames], codec="mpeg4")
    return path


@pytest.fixture(scope="module")
def track(film):
    return track_video(film)


def test_frames_without_a_face_are_marked_and_have_no_keys(track):
    assert len(track) == 30
    assert bool(track.seen[:12].all())
    assert not bool(track.seen[12:18].any())
    assert bool(track.seen[-4:].all())
    assert len(track.clip().times) == int(track.seen.sum())
    assert any("without the face" in warning for warning in track.warnings)


def test_head_moves_with_the_picture_and_its_face_stays(track):
    places = track.camera_from_head.translation[:12]
    pixels = places[:, :2] / places[:, 2:] * track.focal
    assert float((pixels.diff(dim=0) + 2).abs().mean()) < 0.5
    assert float(track.weights[:12].std(0).max()) < 0.07
    assert float(track.residuals[track.seen].max()) < 0.03
    smile = track.weights[:, ARKIT_INDEX["mouthSmileLeft"]]
    assert float(smile[track.seen].min()) > 0.2


def test_a_face_towards_the_camera_is_not_turned(track):
    turns = rotation_vector_from_matrix(track.head_turns()[track.seen])
    assert float(turns[:, 1].abs().max()) < 0.35
    clip = track.clip(("head",))
    assert clip.joint_names == ("head",)
    assert clip.joint_rotations.shape == (int(track.seen.sum()), 1, 4)


def test_portrait_is_a_frame_that_was_seen(track):
    frames = portrait_frames(track)
    assert 1 <= len(frames) <= 3
    assert all(bool(track.seen[frame]) for frame in frames)


def test_video_without_a_face_is_refused(tmp_path):
    write_video(tmp_path / "grey.mp4", [np.full((96, 96, 3), 128, np.uint8)] * 5)
    with pytest.raises(FaceNotFoundError, match="no face found in 5 frames"):
        track_video(tmp_path / "grey.mp4")
    with pytest.raises(OptionError, match="fov"):
        TrackOptions(fov=300)


def test_cut_to_someone_else_is_left_out(inputs, tmp_path):
    with Image.open(inputs / "photos" / "biden.jpg") as picture:
        other = np.asarray(
            picture.convert("RGB").resize((320, 320 * picture.height // picture.width))
        )
    other = other[:304, :304]
    own = data.astronaut()[:312, 64:376]
    frames = [*moving_picture(own, 10, step=1)]
    height, width = frames[0].shape[:2]
    other = np.asarray(Image.fromarray(other).resize((width, height)))
    followed = follow_frames(_frames([*frames, *[other] * 5]), "cut")
    shots = [trace.shot for trace in followed.traces if trace is not None]
    assert sorted(set(shots)) == [0, 1]
    result = track_face(followed)
    assert bool(result.seen[:10].all())
    assert not bool(result.seen[10:].any())
    assert any("someone else" in warning for warning in result.warnings)


def _frames(pictures):
    from avatar.capture.read_video import VideoFrame

    for index, picture in enumerate(pictures):
        yield VideoFrame(pixels=torch.from_numpy(picture.copy()), time=index / 25)


def test_brows_are_kept_only_where_their_texture_is_asked_for():
    frames = moving_picture(data.astronaut()[:336, 64:400], 2, step=1)
    kept = follow_frames(_frames(frames), "kept")
    bare = follow_frames(_frames(frames), "bare", TrackOptions(brow_texture=False))
    assert all(trace is not None and trace.brows is not None for trace in kept.traces)
    assert all(trace is not None and trace.brows is None for trace in bare.traces)


def test_live_tracker_agrees_with_itself_and_recovers():
    photo = data.astronaut()[:336, 64:400]
    frames = moving_picture(photo, 8, step=1)
    grey = np.full_like(frames[0], 128)
    options = TrackerOptions(calibrate_at=(0.2,), background=False)
    with FaceTracker(load_model("anny"), options) as tracker:
        faces = [tracker.track(frame) for frame in _frames([*frames, grey, grey, *frames])]
    assert all(face is not None for face in faces[:8])
    assert faces[8] is None
    assert faces[-1] is not None
    assert faces[-1].residual < 0.03
    assert set(faces[-1].seconds) == {"follow", "calibrate", "fit"}
    assert isinstance(tracker.person.focal, float)


def test_trace_gives_an_observation_without_pixels():
    points = torch.rand(478, 3) * 100
    trace = FaceTrace(
        time=1.0,
        width=200,
        height=100,
        points=points,
        confidences=torch.ones(478),
        presence=0.9,
        shot=0,
        found=True,
    )
    seen = trace.observation()
    assert (seen.photo.width, seen.photo.height) == (200, 100)
    assert torch.equal(seen.landmarks, points[:, :2])
