"""Splat files hold what was posed, read back byte by byte as their formats say."""

import gzip
import json
import struct

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from avatar.core.avatar import AvatarInfo
from avatar.core.errors import OptionError
from avatar.core.pose_splats import PosedSplats
from avatar.core.transform import matrix_from_quaternion
from avatar.export.glb_splats import export_glb_splats
from avatar.export.ply_splats import export_ply_splats
from avatar.export.spz import export_spz
from tests.export.glb_reader import Glb

COUNT = 40


@pytest.fixture
def posed():
    generator = torch.Generator().manual_seed(0)
    return PosedSplats(
        means=torch.rand(COUNT, 3, generator=generator) - 0.5,
        rotations=2 * torch.randn(COUNT, 4, generator=generator),
        scales=0.0005 + 0.01 * torch.rand(COUNT, 3, generator=generator),
        opacities=0.02 + 0.96 * torch.rand(COUNT, generator=generator),
        colors=torch.rand(COUNT, 3, generator=generator),
        turns=torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(COUNT, 4),
    )


def test_ply_has_the_fields_viewers_expect(posed, tmp_path):
    export_ply_splats(posed, tmp_path / "a.ply")
    header, _, body = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")
    lines = header.decode().splitlines()
    assert lines[:3] == ["ply", "format binary_little_endian 1.0", f"element vertex {COUNT}"]
    names = [line.split()[2] for line in lines[3:]]
    table = np.frombuffer(body, "<f4").reshape(COUNT, len(names))
    read = {name: torch.tensor(table[:, column]) for column, name in enumerate(names)}

    def columns(*fields):
        return torch.stack([read[name] for name in fields], 1)

    assert_close(columns("x", "y", "z"), posed.means)
    assert_close(columns("scale_0", "scale_1", "scale_2").exp(), posed.scales)
    assert_close(torch.sigmoid(read["opacity"]), posed.opacities)
    harmonic = columns("f_dc_0", "f_dc_1", "f_dc_2")
    assert_close(0.5 + 0.28209479 * harmonic, posed.colors)
    turns = columns("rot_1", "rot_2", "rot_3", "rot_0")
    assert_close(turns.norm(dim=1), torch.ones(COUNT))
    assert_close(
        matrix_from_quaternion(turns), matrix_from_quaternion(posed.rotations), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("version", "bytes_a_turn", "off"), [(2, 3, 0.15), (3, 4, 0.006)])
def test_spz_is_read_back_by_its_specification(posed, tmp_path, version, bytes_a_turn, off):
    export_spz(posed, tmp_path / "a.spz", version)
    data = gzip.decompress((tmp_path / "a.spz").read_bytes())
    magic, stated, count, degree, bits, flags, reserved = struct.unpack("<IIIBBBB", data[:16])
    assert (magic, stated, count, degree, flags, reserved) == (0x5053474E, version, COUNT, 0, 1, 0)
    sizes = (9, 1, 3, 3, bytes_a_turn)
    assert len(data) == 16 + COUNT * sum(sizes)
    parts = []
    place = 16
    for size in sizes:
        part = np.frombuffer(data, np.uint8, COUNT * size, place).reshape(COUNT, size)
        parts.append(part.astype(np.int64))
        place += COUNT * size
    places = parts[0].reshape(COUNT, 3, 3) @ np.array([1, 256, 65536])
    places = np.where(places >= 1 << 23, places - (1 << 24), places) / (1 << bits)
    assert_close(torch.tensor(places).float(), posed.means, atol=4e-6, rtol=0)
    assert_close(torch.tensor(parts[1][:, 0] / 255).float(), posed.opacities, atol=2.1e-3, rtol=0)
    colors = 0.5 + (parts[2] / 255 - 0.5) / 0.15 * 0.28209479
    assert_close(torch.tensor(colors).float(), posed.colors, atol=4e-3, rtol=0)
    scales = np.exp(parts[3] / 16 - 10)
    assert_close(torch.tensor(scales).float(), posed.scales, atol=0, rtol=0.033)
    turns = _turns(parts[4]) if version == 3 else _turns_of_two(parts[4])
    assert_close(
        matrix_from_quaternion(torch.tensor(turns).float()),
        matrix_from_quaternion(posed.rotations),
        atol=off,
        rtol=0,
    )


def _turns_of_two(packed):
    imaginary = packed / 127.5 - 1
    real = np.sqrt(np.clip(1 - (imaginary**2).sum(1), 0, None))
    return np.concatenate([imaginary, real[:, None]], 1)


def _turns(packed):
    """Unpack as the format's own reader does: the last entry lies in the lowest bits."""
    turns = np.zeros((len(packed), 4))
    for row, parts in enumerate(packed):
        bits = int(parts @ np.array([1, 1 << 8, 1 << 16, 1 << 24]))
        largest = bits >> 30
        for entry in (3, 2, 1, 0):
            if entry == largest:
                continue
            size = (bits & 511) / 511 / np.sqrt(2)
            turns[row, entry] = -size if bits >> 9 & 1 else size
            bits >>= 10
        turns[row, largest] = np.sqrt(max(0.0, 1 - (turns[row] ** 2).sum()))
    return turns


def test_spz_refuses_what_it_cannot_hold(posed, tmp_path):
    with pytest.raises(OptionError, match="version"):
        export_spz(posed, tmp_path / "a.spz", 4)
    far = PosedSplats(**(vars(posed) | {"means": posed.means + 40}))
    with pytest.raises(OptionError, match="within 32 m"):
        export_spz(far, tmp_path / "a.spz")
    assert not (tmp_path / "a.spz").exists()


def test_glb_holds_points_with_the_extensions_attributes(posed, tmp_path):
    info = AvatarInfo(name="Zoë", head_model="none", licence="CC0-1.0", generator="tests")
    export_glb_splats(posed, info, tmp_path / "a.glb")
    glb = Glb(tmp_path / "a.glb")
    document = glb.json
    assert document["extensionsUsed"] == ["KHR_gaussian_splatting"]
    (primitive,) = document["meshes"][0]["primitives"]
    assert primitive["mode"] == 0
    kind = primitive["extensions"]["KHR_gaussian_splatting"]
    assert kind["kernel"] == "ellipse"
    assert kind["colorSpace"] == "srgb_rec709_display"
    attributes = primitive["attributes"]

    def read(name):
        return torch.tensor(glb.array(attributes[name]).copy())

    prefix = "KHR_gaussian_splatting:"
    assert_close(read("POSITION"), posed.means)
    assert_close(read(f"{prefix}SCALE"), posed.scales)
    assert_close(read(f"{prefix}OPACITY").flatten(), posed.opacities)
    assert_close(read(f"{prefix}ROTATION").norm(dim=1), torch.ones(COUNT))
    assert_close(0.5 + 0.28209479 * read(f"{prefix}SH_DEGREE_0_COEF_0"), posed.colors)
    assert "min" in document["accessors"][attributes["POSITION"]]
    assert json.dumps(document).count("NaN") == 0
