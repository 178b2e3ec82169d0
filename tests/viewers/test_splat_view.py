"""The page poses splats as Python does, from the file it is given."""

import base64
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.pose_splats import pose_splats
from avatar.core.transform import Transform, matrix_from_quaternion
from avatar.render.splat_stage import SplatStage
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.viewers.browser import needs_browser, until
from viewers.server.splat_view import splat_view

WEIGHTS = {"jawOpen": 0.6, "mouthSmileRight": 0.4, "browInnerUp": 0.3}


@pytest.fixture
def head():
    head = synthetic_avatar()
    return replace(head, splats=a_few_splats(head))


def test_the_file_says_where_its_arrays_are(head):
    data = splat_view(head, head.splats)
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    assert header["splats"] == 60
    assert header["filmed_from"] == pytest.approx([0.0, 0.0, 0.5], abs=1e-5)
    for name, place in header["arrays"].items():
        values = np.frombuffer(
            data, "<" + place["type"], int(np.prod(place["shape"])), 4 + length + place["place"]
        )
        assert np.isfinite(values * place["scale"]).all(), name
        if name == "offset_shapes":
            stored = torch.from_numpy(values * place["scale"]).view(place["shape"])
            assert (stored - head.splats.offset_shapes).abs().max() < 1e-7


@needs_browser
def test_the_page_poses_them_as_python_does(head, folder, start_studio, open_page):
    (folder / "Ada.avatar").unlink()
    head.save(folder / "Grace.avatar")
    studio = start_studio("--port", "0", "--no-browser")
    page = open_page(studio.address)
    until(page, "studio.shown")
    assert page.evaluate("() => studio.look") == "splats"
    text, turn, shift = page.evaluate(
        """(weights) => {
            studio.face.apply(weights);
            studio.face.setTurn({ yaw: 0.3, pitch: 0.1, roll: -0.1 });
            studio.stage.draw();
            const bone = studio.head.bones.get('head');
            const turn = bone.getWorldQuaternion(bone.quaternion.clone());
            const shift = bone.getWorldPosition(bone.position.clone())
                .sub(studio.head.headAtRest.clone().applyQuaternion(turn));
            const bytes = new Uint8Array(studio.head.splats.poser.posed.buffer);
            return [btoa(String.fromCharCode(...bytes)), turn.toArray(), shift.toArray()];
        }""",
        WEIGHTS,
    )
    shown = torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").reshape(-1, 13).copy())
    weights = torch.zeros(52)
    for name, value in WEIGHTS.items():
        weights[ARKIT_INDEX[name]] = value
    pose = Transform(
        rotation=matrix_from_quaternion(torch.tensor(turn)), translation=torch.tensor(shift)
    )
    posed = pose_splats(head.splats, SplatStage.build(head).rig, weights, pose)
    axes = matrix_from_quaternion(posed.rotations) * posed.scales[:, None]
    spread = axes @ axes.transpose(1, 2)
    assert (shown[:, :3] - posed.means).abs().max() < 2e-6
    assert (shown[:, 9:12] - posed.colors).abs().max() < 1e-4
    assert torch.allclose(shown[:, 12], posed.opacities)
    upper = spread[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    size = spread.diagonal(dim1=1, dim2=2).sum(1, keepdim=True)
    assert ((shown[:, 3:9] - upper) / size).abs().max() < 1e-3
