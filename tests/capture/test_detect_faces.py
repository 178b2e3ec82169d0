"""Faces are found at any rotation and size, once each, and little else is taken for a face."""

import math
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from avatar.capture.detect_faces import detect_faces
from avatar.capture.detection import Detection
from avatar.capture.observation import Photo
from avatar.capture.photo_from_array import photo_from_array
from avatar.capture.read_photo import read_photo

SIZE = 109
"""Of the face in the portrait, pixels."""


def pasted(face: int, width: int, height: int, left: int, top: int) -> Photo:
    """A grey picture with the portrait reduced to a face of so many pixels."""
    side = round(512 * face / SIZE)
    canvas = Image.new("RGB", (width, height), (128, 130, 132))
    small = Image.fromarray(skimage.data.astronaut()).resize((side, side), Image.Resampling.LANCZOS)
    canvas.paste(small, (left, top))
    return photo_from_array(np.asarray(canvas))


def only(faces: tuple[Detection, ...]) -> Detection:
    assert len(faces) == 1
    return faces[0]


@pytest.mark.parametrize("quarter", range(4))
def test_the_face_is_found_however_the_picture_is_turned(portrait: Photo, quarter: int):
    turned = torch.rot90(portrait.pixels, quarter, (0, 1)).contiguous()
    face = only(detect_faces(photo_from_array(turned, linear=True), exhaustive=False))
    assert face.size == pytest.approx(SIZE, rel=0.05)
    expected = math.radians(3 - 90 * quarter)
    assert math.cos(face.roll - expected) > math.cos(math.radians(3))
    right_eye, left_eye = face.keypoints[:2]
    assert float((left_eye - right_eye).norm()) == pytest.approx(0.4 * SIZE, rel=0.15)


@pytest.mark.parametrize(
    ("face", "width", "height"),
    [(26, 640, 480), (32, 1400, 900), (60, 1400, 900), (300, 1500, 1500)],
)
def test_the_face_is_found_at_any_size(face: int, width: int, height: int):
    left, top = (0, 0) if face > 200 else (width // 2, height // 3)
    found = only(detect_faces(pasted(face, width, height, left, top), exhaustive=False))
    assert found.size == pytest.approx(face, rel=0.12)
    middle = (found.box[:2] + found.box[2:]) / 2
    center = torch.tensor([left, top]) + torch.tensor([224.0, 123.0]) * face / SIZE
    assert float((middle - center).norm()) < 0.15 * face


def test_an_exhaustive_search_also_finds_the_small_face_beside_the_large_one():
    large = pasted(250, 1400, 1175, 0, 0)
    both = large.pixels.clone()
    both[700:, 1180:] = pasted(36, 220, 475, 20, 100).pixels
    photo = photo_from_array(both, linear=True)
    sizes = [face.size for face in detect_faces(photo, exhaustive=True)]
    assert sizes == pytest.approx([250, 36], rel=0.1)


def test_boxes_and_keypoints_are_inside_each_other(portrait: Photo):
    face = only(detect_faces(portrait))
    left, top, right, bottom = face.box.tolist()
    inner = face.keypoints[:4]
    assert bool(((inner[:, 0] > left) & (inner[:, 0] < right)).all())
    assert bool(((inner[:, 1] > top) & (inner[:, 1] < bottom)).all())
    assert face.keypoints[0, 0] < face.keypoints[1, 0]
    assert 0.8 < face.score <= 1


@pytest.mark.parametrize(
    "name", ["coffee", "chelsea", "rocket", "brick", "grass", "gravel", "coins", "text", "page"]
)
def test_pictures_without_a_face_have_none(name: str):
    """A cup, a cat, a rocket, textures, coins and print, all bundled with scikit-image."""
    assert detect_faces(photo_from_array(getattr(skimage.data, name)()), exhaustive=False) == ()


def test_two_people_are_two_faces(inputs: Path):
    faces = detect_faces(read_photo(inputs / "photos" / "two_people.jpg"))
    assert [face.is_profile for face in faces] == [False, False]
    assert faces[0].size >= faces[1].size


def test_an_ear_is_no_second_face(inputs: Path):
    """At this angle the ear fooled detector and mesh together, on the tiles of the search."""
    assert len(detect_faces(read_photo(inputs / "photos" / "woman10" / "0006.jpg"))) == 1


def test_a_profile_is_found_and_called_a_profile(inputs: Path):
    photo = read_photo(inputs / "photos" / "woman10" / "0005.jpg")
    assert only(detect_faces(photo, exhaustive=False)).is_profile
