"""What is observed of a face is in its place, and what cannot be observed is said."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from avatar.capture.observation import Observation, Photo
from avatar.capture.observe import ObserveOptions, observe, observe_all
from avatar.capture.photo_from_array import photo_from_array
from avatar.capture.read_photo import read_photo
from avatar.capture.topology import LEFT_EYE, LEFT_IRIS, LIPS_OUTER, MIRRORED, RIGHT_EYE, RIGHT_IRIS
from avatar.core.errors import FaceNotFoundError, OptionError
from avatar.core.material import srgb_from_linear

QUICK = ObserveOptions(matte=False, views=2)


def error(first: torch.Tensor, second: torch.Tensor, observation: Observation) -> float:
    """Mean distance between landmarks, in percent of the distance between the irises."""
    distance = (first - second).norm(dim=1).mean() / observation.inter_iris_distance
    return 100 * float(distance)


def test_a_mirrored_picture_gives_mirrored_landmarks(portrait: Photo, observed: Observation):
    mirrored = observe(photo_from_array(portrait.pixels.flip(1), linear=True))
    back = mirrored.landmarks[list(MIRRORED)] * torch.tensor([-1.0, 1.0])
    back = back + torch.tensor([portrait.width - 1.0, 0.0])
    assert error(back, observed.landmarks, observed) < 0.8


def test_a_turned_picture_gives_turned_landmarks(portrait: Photo, observed: Observation):
    upside_down = observe(photo_from_array(portrait.pixels.flip(0, 1), linear=True))
    back = torch.tensor([portrait.width - 1.0, portrait.height - 1.0]) - upside_down.landmarks
    assert error(back, observed.landmarks, observed) < 1.0


def test_a_shifted_picture_gives_shifted_landmarks(portrait: Photo, observed: Observation):
    shifted = observe(photo_from_array(portrait.pixels[7:, 13:], linear=True))
    back = shifted.landmarks + torch.tensor([13.0, 7.0])
    assert error(back, observed.landmarks, observed) < 0.8


def test_an_enlarged_picture_gives_enlarged_landmarks_without_half_pixel_shift(
    portrait: Photo, observed: Observation
):
    """Pixel (0, 0)'s centre moves to 1 when each pixel becomes 3 x 3: x3 = 3 x + 1."""
    large = portrait.pixels.repeat_interleave(3, 0).repeat_interleave(3, 1)
    found = observe(photo_from_array(large, linear=True), QUICK)
    bias = (found.landmarks - (3 * observed.landmarks + 1)).mean(0) / 3
    assert float(bias.abs().max()) < 0.25
    assert float(found.landmark_depths.std() / observed.landmark_depths.std()) == pytest.approx(
        3, rel=0.05
    )


def disc_brightness(grey: torch.Tensor, center: torch.Tensor, radius: float) -> float:
    """Mean of a picture over a disc; `center` is (x, y)."""
    height, width = grey.shape
    columns = torch.arange(float(width)) - center[0]
    rows = torch.arange(float(height))[:, None] - center[1]
    return float(grey[torch.hypot(columns, rows) < radius].mean())


def test_the_irises_lie_on_the_dark_discs_of_the_eyes(observed: Observation):
    """No shift by up to the radius finds a disc that is darker by much."""
    grey = srgb_from_linear(observed.photo.pixels).mean(-1)
    for iris in (RIGHT_IRIS, LEFT_IRIS):
        center = observed.landmarks[iris[0]]
        radius = float((observed.landmarks[list(iris[1:])] - center).norm(dim=1).mean())
        own = disc_brightness(grey, center, radius)
        assert own < 0.35
        for shift in (-1.0, -0.5, 0.5, 1.0):
            moved = center + torch.tensor([shift * radius, 0.0])
            assert disc_brightness(grey, moved, radius) > own - 0.02


def test_iris_edges_surround_their_centres_at_one_distance(observed: Observation):
    for iris in (RIGHT_IRIS, LEFT_IRIS):
        edge = observed.landmarks[list(iris[1:])]
        center = observed.landmarks[iris[0]]
        distances = (edge - center).norm(dim=1)
        assert float(distances.max() / distances.min()) < 1.3
        torch.testing.assert_close(edge.mean(0), center, atol=0.5, rtol=0)


def test_depths_put_the_nose_in_front_and_the_rim_behind(observed: Observation):
    depths = observed.landmark_depths
    assert depths[4] == depths[:468].min() or float(depths[4]) < -0.4 * float(
        observed.inter_iris_distance
    )
    assert float(depths[234]) > 0.5 * float(observed.inter_iris_distance)
    assert abs(float(depths[:468].mean())) < 0.1 * float(observed.inter_iris_distance)


def test_a_frontal_face_is_trusted_throughout(observed: Observation):
    assert observed.confidences.shape == (478,)
    assert float(observed.confidences.min()) >= 0
    assert float(observed.confidences.max()) <= 1
    for part in (RIGHT_EYE, LEFT_EYE, LIPS_OUTER):
        assert float(observed.confidences[list(part)].mean()) > 0.8


def test_the_far_side_of_a_turned_face_is_trusted_less(inputs: Path):
    """The woman looks to the picture's left: the subject's right side is the far one."""
    found = observe(read_photo(inputs / "photos" / "woman10" / "0002.jpg"), QUICK)
    far_nose, near_cheek = [48, 49, 64, 98, 129], [279, 330, 266, 425]
    assert float(found.confidences[far_nose].mean()) < 0.4
    assert float(found.confidences[near_cheek].mean()) > 0.6


def test_points_outside_the_picture_are_not_trusted(inputs: Path):
    found = observe(read_photo(inputs / "photos" / "partial_face.jpg"), QUICK)
    outside = found.landmarks[:, 0] < -0.5
    assert bool(outside.any())
    assert float(found.confidences[outside].max()) < 0.03


def test_the_matte_holds_the_hair_and_not_the_background(observed: Observation):
    matte = observed.matte
    assert matte.shape == (512, 512)
    inside = {
        "face": (130, 225),
        "hair top": (40, 225),
        "hair left": (70, 170),
        "hair right": (70, 275),
    }
    outside = {"flag": (60, 60), "shuttle": (60, 400), "beside the hair": (90, 120)}
    for name, (row, column) in inside.items():
        assert float(matte[row, column]) > 0.9, name
    for name, (row, column) in outside.items():
        assert float(matte[row, column]) < 0.1, name
    assert 0.8 < observed.matte_confidence <= 1
    assert float(matte[511].max()) < 0.01


def test_two_neighbours_have_separate_mattes(inputs: Path):
    first, second = observe_all(read_photo(inputs / "photos" / "two_people.jpg"))
    assert float((first.matte * second.matte).mean() / first.matte.mean()) < 0.02
    for own, other in ((first, second), (second, first)):
        column, row = (own.box[:2] + own.box[2:]).div(2).round().long().tolist()
        assert float(own.matte[row, column]) > 0.95
        assert float(other.matte[row, column]) < 0.01


def test_faces_are_numbered_from_the_largest(inputs: Path):
    photo = read_photo(inputs / "photos" / "two_people.jpg")
    both = observe_all(photo, QUICK)
    second = observe(photo, ObserveOptions(face=2, matte=False, views=2))
    torch.testing.assert_close(second.landmarks, both[1].landmarks, atol=0.1, rtol=0)
    with pytest.raises(FaceNotFoundError, match=r"face: expected 1 to 2.*got 9"):
        observe(photo, ObserveOptions(face=9))


def test_a_face_number_below_one_is_an_error(portrait: Photo):
    with pytest.raises(OptionError, match="face: expected 1"):
        observe(portrait, ObserveOptions(face=0))


def test_a_picture_without_a_face_says_so():
    with pytest.raises(FaceNotFoundError, match=r"no face found.*at least 24 pixels"):
        observe(photo_from_array(skimage.data.coffee(), name="coffee.png"))


def test_a_picture_too_small_for_any_face_says_so():
    with pytest.raises(FaceNotFoundError, match=r"too small \(1 x 1\)"):
        observe(photo_from_array(np.zeros((1, 1, 3), np.uint8)))


def test_a_face_under_24_pixels_is_refused_by_its_size():
    small = Image.fromarray(skimage.data.astronaut()).resize((100, 100), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (400, 300), (128, 130, 132))
    canvas.paste(small, (150, 100))
    with pytest.raises(FaceNotFoundError, match=r"[12]\d pixels; at least 24"):
        observe(photo_from_array(np.asarray(canvas)))


def test_a_profile_is_refused_as_a_profile(inputs: Path):
    with pytest.raises(FaceNotFoundError, match="profile, more than 80 degrees"):
        observe(read_photo(inputs / "photos" / "woman10" / "0004.jpg"))


def test_observations_can_be_differentiated_through(observed: Observation):
    """No inference-mode tensors leak out, which autograd refuses to save."""
    scale = torch.ones((), requires_grad=True)
    (observed.landmarks * scale).square().sum().backward()
    assert scale.grad is not None
