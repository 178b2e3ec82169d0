"""A real textured head: colours land where its geometry says."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.core.material import Material
from avatar.core.mesh import Mesh, MeshPart
from avatar.render.frame_head import frame_head
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from avatar.render.visibility import visibility
from tests.benchmarks.geometry.scan_head import load_scan


def read_scan(folder: Path) -> tuple[Mesh, Material]:
    """The scan in metres, eyes near the origin's height, its seams welded."""
    scan = load_scan(folder)
    uv_faces = torch.from_numpy(scan.faces)
    points, weld = np.unique(scan.vertices.round(4), axis=0, return_inverse=True)
    vertices = torch.from_numpy(points) * 0.048
    vertices = vertices - torch.stack(
        [vertices.new_zeros(()), vertices[:, 1].max() - 0.115, vertices.new_zeros(())]
    )
    faces = torch.from_numpy(weld.reshape(-1))[uv_faces]
    part = MeshPart(name="skin", faces=faces, uv_faces=uv_faces, material="skin")
    return (
        Mesh(vertices=vertices.float(), uvs=torch.from_numpy(scan.uvs).float(), parts=(part,)),
        Material(name="skin", base_color_map=torch.from_numpy(scan.albedo).float()),
    )


@pytest.mark.parametrize("yaw", [0.0, 0.8])
def test_scanned_skin_shows_its_texture_at_its_vertices(inputs: Path, yaw: float) -> None:
    mesh, material = read_scan(inputs / "scans")
    camera = frame_head(mesh, yaw=yaw, size=(512, 512))
    image = render_head(prepare_scene(mesh, (material,)), camera, RenderOptions(unlit=True))
    pixels, _ = camera.project(mesh.vertices)
    seen = visibility(mesh.vertices, mesh.faces, camera) & ((pixels - 255).abs() < 230).all(-1)
    uv_of = torch.zeros(len(mesh.vertices), dtype=torch.int64)
    uv_of[mesh.faces.reshape(-1)] = mesh.uv_faces.reshape(-1)
    column, row = pixels[seen].round().long().unbind(-1)
    texture = material.base_color_map
    texel = (mesh.uvs[uv_of[seen]] * 1024 - 0.5).round().long().clamp(0, 1023)
    expected = texture[texel[:, 1], texel[:, 0]]
    error = (image[row, column, :3] - expected).abs().amax(-1)
    assert int(seen.sum()) > 1500
    assert float(error.median()) < 0.02
    assert float((error < 0.08).float().mean()) > 0.95
