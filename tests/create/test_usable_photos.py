"""One bad photo among several does not stop the rest; alone, or all of them, they are refused."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from avatar.capture.photo_from_array import photo_from_array
from avatar.capture.read_photo import read_photo
from avatar.core.errors import FaceNotFoundError, ImageError
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import reconstruct_with_evidence
from avatar.create.usable_photos import observe_usable


def portrait(name="portrait.png"):
    return photo_from_array(skimage.data.astronaut(), name=name)


def faceless(name="coffee.png"):
    return photo_from_array(skimage.data.coffee(), name=name)


def tiny_face(name="far_away.png"):
    small = Image.fromarray(skimage.data.astronaut()).resize((100, 100), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (400, 300), (128, 130, 132))
    canvas.paste(small, (150, 100))
    return photo_from_array(np.asarray(canvas), name=name)


def test_photos_without_a_usable_face_are_left_out_and_say_why():
    asked: list[int] = []
    usable = observe_usable([faceless(), portrait(), tiny_face()], before=asked.append)
    assert asked == [0, 1, 2]
    assert [seen.photo.name for seen in usable.observations] == ["portrait.png"]
    assert [photo.name for photo in usable.left_out] == ["coffee.png", "far_away.png"]
    assert "no face found" in usable.left_out[0].reason
    assert "at least 24" in usable.left_out[1].reason
    assert all(
        photo.name in told for photo, told in zip(usable.left_out, usable.warnings(), strict=True)
    )


def test_a_face_that_only_one_photo_has_leaves_the_other_out(inputs: Path):
    usable = observe_usable([portrait(), inputs / "photos" / "two_people.jpg"], face=2)
    assert [photo.name for photo in usable.left_out] == ["portrait.png"]
    assert "got 2" in usable.left_out[0].reason


def test_a_single_photo_says_itself_why_it_cannot_be_used():
    with pytest.raises(FaceNotFoundError, match=r"^coffee\.png: no face found"):
        observe_usable([faceless()])


def test_no_usable_photo_at_all_is_an_error_that_names_them_all():
    with pytest.raises(FaceNotFoundError, match=r"none of the 2 photos.*coffee.*far_away"):
        observe_usable([faceless(), tiny_face()])


def test_a_file_that_cannot_be_read_is_an_error_among_others_too(tmp_path: Path):
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ImageError, match=r"damaged\.jpg"):
        observe_usable([portrait(), damaged])


def test_a_profile_among_photos_is_told_in_the_report(inputs: Path):
    folder = inputs / "photos" / "woman10"
    photos = [read_photo(folder / name) for name in ("0004.jpg", "0001.jpg")]
    options = ReconstructOptions(texture_size=256, hair_volume=False)
    report = reconstruct_with_evidence(photos, options).avatar.report
    assert [photo["name"] for photo in report["photos"]] == ["0001.jpg"]
    (left_out,) = report["photos_left_out"]
    assert left_out["name"] == "0004.jpg"
    assert "profile" in left_out["reason"]
    assert any("0004.jpg is left out" in warning for warning in report["warnings"])
