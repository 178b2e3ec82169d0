import io
import json
import stat
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save
from torch.testing import assert_close

from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.errors import BundleError, OutputError
from avatar.core.material import Material
from avatar.core.mesh import Mesh, MeshPart, SurfacePoints
from avatar.core.rig import Rig
from avatar.files import archive
from avatar.files.bundle import SCHEMA, load_avatar, save_avatar

VERTICES = 9


def an_avatar() -> Avatar:
    """Return a small avatar with every kind of field filled."""
    generator = torch.Generator().manual_seed(0)

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    faces = torch.tensor([[0, 1, 2], [2, 3, 4], [6, 7, 8]])
    weights = rand(VERTICES, 2)
    return Avatar(
        info=AvatarInfo(name="Zoë", head_model="anny", licence="CC0-1.0", generator="avatar 0.1"),
        mesh=Mesh(
            vertices=rand(VERTICES, 3) - 0.5,
            uvs=rand(7, 2),
            parts=(
                MeshPart(name="skin", faces=faces, uv_faces=faces % 7, material="skin"),
                MeshPart(name="cornea", faces=faces[:1], uv_faces=faces[:1], material="glass"),
            ),
        ),
        rig=Rig(
            morphs=rand(52, VERTICES, 3) * 0.01,
            joint_names=("neck", "head"),
            parents=(-1, 0),
            joint_positions=rand(2, 3),
            skin_weights=weights / weights.sum(1, keepdim=True),
        ),
        materials=(
            Material(
                name="skin",
                base_color_map=rand(20, 12, 3),
                roughness_map=rand(6, 5),
                normal_map=rand(8, 9, 3),
                specular=0.75,
                specular_map=rand(3, 4),
                occlusion_map=rand(5, 5),
                displacement_map=(rand(7, 6) - 0.3) * 0.002,
                confidence_map=rand(6, 7),
            ),
            Material(
                name="glass",
                base_color=(0.5, 0.25, 1.0, 0.125),
                base_color_map=rand(4, 4, 4),
                roughness=0.1,
                metallic=0.25,
                ior=1.376,
                clearcoat=0.5,
                clearcoat_roughness=0.125,
                alpha_mode="blend",
                double_sided=True,
            ),
        ),
        landmarks68=SurfacePoints(
            corners=torch.arange(68 * 3).reshape(68, 3) % VERTICES,
            barycentrics=torch.full((68, 3), 1 / 3),
        ),
        report={"photos": [{"name": "a.jpg", "residual": 1.5}], "warnings": []},
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "head.avatar"
    save_avatar(an_avatar(), path)
    return path


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewrite(path: Path, **changed: bytes | None) -> None:
    """Replace entries; None leaves one out. `manifest` and `tensors` stand for their files."""
    short = {"manifest": "manifest.json", "tensors": "tensors.safetensors"}
    entries = entries_of(path) | {short.get(name, name): data for name, data in changed.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            if data is not None:
                file.writestr(name, data)


def edit_manifest(path: Path, edit) -> None:
    manifest = json.loads(entries_of(path)["manifest.json"])
    edit(manifest)
    rewrite(path, manifest=json.dumps(manifest).encode())


def edit_tensors(path: Path, edit) -> None:
    tensors = load(entries_of(path)["tensors.safetensors"])
    edit(tensors)
    rewrite(path, tensors=save(tensors))


def test_an_avatar_comes_back_as_it_was(saved):
    before, after = an_avatar(), load_avatar(saved)
    assert after.info == before.info
    assert after.report == before.report
    assert torch.equal(after.mesh.vertices, before.mesh.vertices)
    assert torch.equal(after.mesh.uvs, before.mesh.uvs)
    for ours, theirs in zip(after.mesh.parts, before.mesh.parts, strict=True):
        assert (ours.name, ours.material) == (theirs.name, theirs.material)
        assert torch.equal(ours.faces, theirs.faces)
        assert torch.equal(ours.uv_faces, theirs.uv_faces)
    assert torch.equal(after.rig.morphs, before.rig.morphs)
    assert torch.equal(after.rig.skin_weights, before.rig.skin_weights)
    assert torch.equal(after.rig.joint_positions, before.rig.joint_positions)
    assert (after.rig.joint_names, after.rig.parents) == (("neck", "head"), (-1, 0))
    assert torch.equal(after.landmarks68.corners, before.landmarks68.corners)
    assert torch.equal(after.landmarks68.barycentrics, before.landmarks68.barycentrics)


def test_textures_come_back_within_half_a_level(saved):
    before, after = an_avatar(), load_avatar(saved)
    for ours, theirs in zip(after.materials, before.materials, strict=True):
        plain = {name: None for name in vars(ours) if name.endswith("_map")}
        assert replace(ours, **plain) == replace(theirs, **plain)
    ours, theirs = after.materials[0], before.materials[0]
    assert_close(ours.base_color_map, theirs.base_color_map, atol=2.3 / 255 / 2, rtol=0)
    for name in ("roughness_map", "specular_map", "occlusion_map", "confidence_map"):
        assert_close(getattr(ours, name), getattr(theirs, name), atol=0.501 / 255, rtol=0)
    # The largest displacement is cut into 32767 steps.
    assert_close(ours.displacement_map, theirs.displacement_map, atol=0.0014 / 65534, rtol=0)
    assert_close(ours.normal_map, theirs.normal_map, atol=0.51 / 65535, rtol=0)
    assert after.materials[1].base_color_map.shape == (4, 4, 4)


def test_a_file_from_before_a_field_was_added_loads_with_it_neutral(saved):
    added = (
        *("specular", "ior", "clearcoat", "clearcoat_roughness", "displacement_step"),
        *("specular_map", "occlusion_map", "displacement_map", "confidence_map"),
    )

    def forget(manifest):
        for material in manifest["materials"]:
            for name in added:
                del material[name]

    edit_manifest(saved, forget)
    plain = Material(name="skin")
    for material in load_avatar(saved).materials:
        for name in added:
            assert getattr(material, name, None) == getattr(plain, name, None), name


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ior": 0.5}, "ior: expected a number from 1 to 4"),
        ({"specular": "much"}, "specular: expected a number from 0 to 1"),
        ({"clearcoat": True}, "clearcoat: expected a number"),
        ({"displacement_step": 1.0}, "displacement_step: expected a number from 0 to"),
        ({"displacement_map": "textures/00_roughness.png"}, "expected 16 bits"),
        ({"occlusion_map": "textures/00_normal.png"}, r"expected \(1,\) channels, got 3"),
    ],
)
def test_bad_reflectance_is_refused(saved, changed, reason):
    edit_manifest(saved, lambda manifest: manifest["materials"][0].update(changed))
    with pytest.raises(BundleError, match=reason):
        load_avatar(saved)


def test_displacement_without_numbers_is_not_saved(tmp_path):
    for value in (float("nan"), float("inf"), 3.0):
        skin = Material(name="skin", displacement_map=torch.full((2, 2), value))
        bad = replace(an_avatar(), materials=(skin, *an_avatar().materials[1:]))
        with pytest.raises(BundleError, match="displacement_map: expected finite metres"):
            save_avatar(bad, tmp_path / "head.avatar")


def test_a_flat_displacement_comes_back_flat(tmp_path):
    skin = Material(name="skin", displacement_map=torch.zeros(4, 3))
    flat = replace(an_avatar(), materials=(skin, *an_avatar().materials[1:]))
    save_avatar(flat, tmp_path / "head.avatar")
    back = load_avatar(tmp_path / "head.avatar").materials[0].displacement_map
    assert torch.equal(back, torch.zeros(4, 3))


def test_saving_what_was_loaded_gives_the_same_bytes(saved, tmp_path):
    save_avatar(load_avatar(saved), tmp_path / "again.avatar")
    save_avatar(an_avatar(), tmp_path / "third.avatar")
    assert (tmp_path / "again.avatar").read_bytes() == saved.read_bytes()
    assert (tmp_path / "third.avatar").read_bytes() == saved.read_bytes()


def test_a_failed_save_leaves_nothing(tmp_path):
    bad = replace(an_avatar(), report={"residual": float("nan")})
    with pytest.raises(BundleError, match="report"):
        save_avatar(bad, tmp_path / "head.avatar")
    with pytest.raises(OutputError, match="no folder"):
        save_avatar(an_avatar(), tmp_path / "missing" / "head.avatar")
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_anywhere_is_refused(saved, tmp_path):
    data = saved.read_bytes()
    cut = tmp_path / "cut.avatar"
    for length in (0, 1, 21, 22, 1000, len(data) // 2, len(data) - 1):
        cut.write_bytes(data[:length])
        with pytest.raises(BundleError, match="damaged, cut short"):
            load_avatar(cut)


def test_a_flipped_byte_is_noticed_wherever_it_changes_content(saved, tmp_path):
    data = saved.read_bytes()
    generator = torch.Generator().manual_seed(1)
    expected = an_avatar()
    for place in torch.randint(len(data), (150,), generator=generator).tolist():
        saved.write_bytes(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :])
        try:
            loaded = load_avatar(saved)
        except BundleError:
            continue
        assert torch.equal(loaded.mesh.vertices, expected.mesh.vertices)
        assert torch.equal(loaded.rig.morphs, expected.rig.morphs)


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(5000)])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "x.avatar").write_bytes(content)
    with pytest.raises(BundleError, match=r"x\.avatar: damaged, cut short or not an \.avatar"):
        load_avatar(tmp_path / "x.avatar")


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(BundleError, match="no such file"):
        load_avatar(tmp_path / "none.avatar")
    with pytest.raises(BundleError):
        load_avatar(tmp_path)


def test_another_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.avatar", "w") as file:
        file.writestr("word/document.xml", "<xml/>")
    with pytest.raises(BundleError, match=r"it has no manifest\.json"):
        load_avatar(tmp_path / "x.avatar")


def test_a_newer_schema_says_to_upgrade(saved):
    edit_manifest(saved, lambda manifest: manifest.update(schema=SCHEMA + 1, info=None))
    with pytest.raises(BundleError, match=r"newer version.*upgrade"):
        load_avatar(saved)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "C:evil", "..\\evil", "textures/../../x"]
)
def test_paths_that_lead_out_are_refused(saved, name):
    rewrite(saved, **{name: b"x"})
    with pytest.raises(BundleError, match="unsafe"):
        load_avatar(saved)


def test_links_are_refused(saved):
    link = zipfile.ZipInfo("textures/link.png")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(saved, "a") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match="not a plain file"):
        load_avatar(saved)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile's own, while the test makes it
def test_the_same_name_twice_is_refused(saved):
    with zipfile.ZipFile(saved, "a") as file:
        file.writestr("manifest.json", "{}")
    with pytest.raises(BundleError, match="twice"):
        load_avatar(saved)


def test_too_many_entries_are_refused(saved):
    rewrite(saved, **{f"x{i}": b"" for i in range(archive.MAX_ENTRIES)})
    with pytest.raises(BundleError, match="at most 256 entries"):
        load_avatar(saved)


def test_a_huge_table_of_contents_is_refused_before_it_is_read(saved, monkeypatch):
    rewrite(saved, **{f"{i:05d}{'x' * 200}": b"" for i in range(2000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(BundleError, match="table of contents"):
        load_avatar(saved)


def test_a_bomb_is_refused_by_the_size_it_declares(saved, monkeypatch):
    rewrite(saved, bomb=bytes(3_000_000))
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 2_000_000)
    with pytest.raises(BundleError, match="would unpack to"):
        load_avatar(saved)


def test_a_bomb_that_hides_its_size_is_not_unpacked(saved):
    rewrite(saved, bomb=bytes(50_000_000))
    data = bytearray(saved.read_bytes())
    # The sizes in both headers claim 10 bytes.
    true_size = struct.pack("<I", 50_000_000)
    while (place := data.find(true_size)) >= 0:
        data[place : place + 4] = struct.pack("<I", 10)
    saved.write_bytes(data)
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(BundleError, match="damaged"):
        load_avatar(saved)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + checksum


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (png_header(30_000, 30_000), "30000 x 30000"),
        (png_header(0, 5), "0 x 5"),
        (png_header(20, 12), "damaged"),
        (b"GIF89a" + bytes(50), "not a PNG"),
        (b"", "not a PNG"),
    ],
)
def test_bad_textures_are_refused(saved, content, reason):
    rewrite(saved, **{"textures/00_base_color.png": content})
    with pytest.raises(BundleError, match=rf"00_base_color\.png: .*{reason}"):
        load_avatar(saved)


def test_palette_textures_are_refused(saved):
    from PIL import Image

    file = io.BytesIO()
    Image.new("P", (4, 4)).save(file, "PNG")
    rewrite(saved, **{"textures/00_base_color.png": file.getvalue()})
    with pytest.raises(BundleError, match="expected grey, RGB or RGBA"):
        load_avatar(saved)


@pytest.mark.parametrize("name", ["manifest.json", "tensors.safetensors", "textures/00_normal.png"])
def test_a_missing_entry_is_named(saved, name):
    rewrite(saved, **{name: None})
    with pytest.raises(BundleError, match=name):
        load_avatar(saved)


def put(name, value):
    return lambda tensors: tensors.update({name: value})


def change(name, index, value):
    return lambda tensors: tensors[name].__setitem__(index, value)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda tensors: tensors.pop("morphs"), "'morphs': it is missing"),
        (lambda tensors: tensors.pop("parts.1.faces"), r"'parts\.1\.faces': it is missing"),
        (put("vertices", torch.rand(VERTICES, 3).half()), "'vertices': expected torch.float32"),
        (put("vertices", torch.rand(VERTICES, 2)), r"'vertices': .*\(9, 2\)"),
        (put("vertices", torch.rand(4, 3)), "indices from 0 to 3|skin_weights"),
        (put("uvs", torch.rand(2, 2)), r"uv_faces': expected indices from 0 to 1"),
        (put("morphs", torch.rand(51, VERTICES, 3)), "'morphs': .*52, 9, 3"),
        (put("parts.0.faces", torch.rand(3, 3)), "'parts.0.faces': expected torch.int32"),
        (change("vertices", (0, 0), float("nan")), "'vertices': expected finite"),
        (change("morphs", (3, 0, 0), float("inf")), "'morphs': expected finite"),
        (change("parts.0.faces", (0, 0), VERTICES), "'parts.0.faces': expected indices"),
        (change("parts.0.faces", (0, 0), -1), "'parts.0.faces': expected indices"),
        (change("landmarks68.corners", (0, 0), 99), "corners': expected indices"),
        (change("skin_weights", (0, 0), 5.0), "skin_weights"),
        (change("skin_weights", (0, 0), -1.0), "skin_weights"),
    ],
)
def test_wrong_tensors_are_named(saved, edit, reason):
    edit_tensors(saved, edit)
    with pytest.raises(BundleError, match=reason):
        load_avatar(saved)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda m: m.pop("info"), "info: expected an object"),
        (lambda m: m["info"].pop("licence"), "licence: expected text"),
        (lambda m: m.update(schema="1"), "schema: expected an integer"),
        (lambda m: m.update(schema=True), "schema: expected an integer"),
        (lambda m: m.update(schema=0), "schema"),
        (lambda m: m.update(format="zip"), "format"),
        (lambda m: m.update(parents=[-1]), "parents: expected one for each"),
        (lambda m: m.update(parents=[1, 0]), "parents: expected each before"),
        (lambda m: m.update(parents=[-1, 1.5]), "parents: expected a list of integers"),
        (lambda m: m.update(joint_names=["a", "a"]), "joint_names: expected different"),
        (lambda m: m["parts"][0].update(material="gold"), "no material 'gold'"),
        (lambda m: m["materials"].append(m["materials"][0]), "materials: expected different"),
        (lambda m: m["materials"][0].update(roughness=2), "roughness: expected numbers"),
        (lambda m: m["materials"][0].update(base_color=[1, 1]), "base_color: expected 4"),
        (lambda m: m["materials"][0].update(alpha_mode="magic"), "alpha_mode: expected one of"),
        (lambda m: m["materials"][0].update(double_sided=1), "double_sided: expected true"),
        (lambda m: m["materials"][0].update(base_color_map="../x.png"), "no entry"),
        (lambda m: m["materials"][0].update(roughness_map=m["materials"][0]["normal_map"]), "chan"),
        (lambda m: m["info"].update(name="x" * 20_000), "name: expected at most"),
    ],
)
def test_wrong_fields_of_the_manifest_are_named(saved, edit, reason):
    edit_manifest(saved, edit)
    with pytest.raises(BundleError, match=reason):
        load_avatar(saved)


@pytest.mark.parametrize(
    "text", [b"{", b"\xff\xfe", b"[]", b"null", b'{"schema": NaN}', b"[" * 200_000]
)
def test_a_manifest_that_is_not_json_is_refused(saved, text):
    rewrite(saved, manifest=text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_avatar(saved)


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, struct.pack("<Q", 1 << 60) + b"{}"])
def test_tensors_that_are_not_safetensors_are_refused(saved, data):
    rewrite(saved, tensors=data)
    with pytest.raises(BundleError, match=r"tensors\.safetensors: damaged"):
        load_avatar(saved)


def test_a_file_for_engines_is_no_head_to_work_on(tmp_path: Path):
    path = tmp_path / "head.glb"
    path.write_bytes(b"glTF\x02\0\0\0")
    with pytest.raises(BundleError, match=r"for engines.*head\.avatar"):
        Avatar.load(path)
