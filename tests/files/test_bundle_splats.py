"""Splats come back from an `.avatar` file, and damaged ones are told."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save
from torch.testing import assert_close

from avatar.core.errors import BundleError
from avatar.core.splats import SplatRelighting
from avatar.files.archive import read_archive, write_archive
from avatar.files.bundle import load_avatar, save_avatar
from avatar.files.bundle_splats import SPLATS
from tests.core.a_few_splats import a_few_splats
from tests.files.test_bundle import an_avatar


@pytest.fixture
def avatar():
    head = an_avatar()
    return replace(head, splats=a_few_splats(head, count=3))


def test_splats_come_back(avatar, tmp_path):
    save_avatar(avatar, tmp_path / "a.avatar")
    splats, back = avatar.splats, load_avatar(tmp_path / "a.avatar").splats
    assert back is not None
    for name in ("means", "rotations", "scales", "opacities", "colors", "head_shares", "sway"):
        assert_close(getattr(back, name), getattr(splats, name), rtol=0, atol=0)
    assert torch.equal(back.corners, splats.corners)
    assert torch.equal(back.layers, splats.layers)
    assert_close(back.offset_shapes, splats.offset_shapes, rtol=1e-3, atol=1e-6)
    assert_close(back.color_shapes, splats.color_shapes, rtol=1e-3, atol=1e-6)
    weights = torch.linspace(0, 1, 52)
    assert_close(back.code(weights, torch.ones(3)), splats.code(weights, torch.ones(3)))
    assert_close(back.camera.intrinsics, splats.camera.intrinsics)
    assert (back.camera.width, back.camera.height) == (64, 64)


def relit(splats):
    return replace(
        splats,
        relighting=SplatRelighting(
            normals=torch.nn.functional.normalize(torch.randn(3, 3), dim=1),
            filmed_light=0.1 + torch.rand(3, 3),
            openness=torch.rand(3),
            roughnesses=torch.rand(3),
            environment=torch.randn(9, 3),
        ),
    )


def test_what_it_takes_to_relight_comes_back_and_may_be_missing(avatar, tmp_path):
    save_avatar(avatar, tmp_path / "a.avatar")
    assert load_avatar(tmp_path / "a.avatar").splats.relighting is None
    splats = relit(avatar.splats)
    save_avatar(replace(avatar, splats=splats), tmp_path / "b.avatar")
    back = load_avatar(tmp_path / "b.avatar").splats.relighting
    for name, value in vars(splats.relighting).items():
        assert_close(getattr(back, name), value, rtol=0, atol=0)


def test_avatars_without_splats_are_as_before(tmp_path):
    save_avatar(an_avatar(), tmp_path / "a.avatar")
    assert SPLATS not in read_archive(tmp_path / "a.avatar")
    assert load_avatar(tmp_path / "a.avatar").splats is None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("corners", lambda t: t + 1000, "indices"),
        ("means", lambda t: t * torch.nan, "finite"),
        ("opacities", lambda t: t + 2, "from 0 to 1"),
        ("colors", lambda t: t[:-1], "shape"),
        ("layers", lambda t: t - 1, "indices"),
        ("offset_shapes", lambda t: t.float(), "float16"),
        ("sway", lambda t: None, "missing"),
        ("relighting.filmed_light", lambda t: t * 0, "greater than 0"),
        ("relighting.openness", lambda t: t + 1, "from 0 to 1"),
        ("relighting.normals", lambda t: None, "missing"),
    ],
)
def test_damaged_splats_are_told(avatar, tmp_path, name, change, message):
    path = tmp_path / "a.avatar"
    save_avatar(replace(avatar, splats=relit(avatar.splats)), path)
    entries = read_archive(path)
    tensors = load(entries[SPLATS])
    changed = change(tensors.pop(name))
    if changed is not None:
        tensors[name] = changed.contiguous()
    with path.open("wb") as file:
        write_archive(file, entries | {SPLATS: save(tensors)})
    with pytest.raises(BundleError, match=message):
        load_avatar(path)
