import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.core.avatar import Avatar
from avatar.core.errors import OutputError
from avatar.export.displacement import export_displacement
from avatar.files.png import decode_png


def test_displacement_is_written_beside_the_head_in_metres(avatar: Avatar, tmp_path: Path) -> None:
    metres = (torch.rand(9, 7, generator=torch.Generator().manual_seed(2)) - 0.4) * 0.003
    materials = tuple(
        replace(m, displacement_map=metres) if m.name == "skin" else m for m in avatar.materials
    )
    written = export_displacement(replace(avatar, materials=materials), tmp_path / "head.glb")
    assert sorted(tmp_path.iterdir()) == sorted(written)
    table = json.loads((tmp_path / "head_displacement.json").read_text())
    entry = table["skin"]
    pixels = decode_png((tmp_path / entry["file"]).read_bytes(), 64)
    assert pixels.shape == (9, 7, 1)
    read = (torch.from_numpy(pixels[..., 0].astype("f8")) - entry["zero"]) * entry[
        "metres_per_level"
    ]
    assert (read - metres).abs().max() < 1e-7


def test_a_head_without_displacement_says_so(avatar: Avatar, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no material of this avatar has a displacement map"):
        export_displacement(avatar, tmp_path / "head.glb")
    assert not list(tmp_path.iterdir())
