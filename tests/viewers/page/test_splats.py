"""The page poses and lights splats as Python does, and opens them as they were filmed."""

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.pose_splats import pose_splats
from avatar.core.transform import Transform, matrix_from_quaternion
from avatar.render.light import Light
from avatar.render.shade import Points, Radiance, shade
from avatar.render.splat_stage import SplatStage
from tests.viewers.browser import choose, needs_browser, until
from tests.viewers.page.media import panorama_file
from viewers.stage.lighting import Lighting

WEIGHTS = {"jawOpen": 0.6, "mouthSmileRight": 0.4, "browInnerUp": 0.3}
POSE = """(weights) => {
    studio.face.apply(weights);
    studio.face.setTurn({ yaw: 0.3, pitch: 0.1, roll: -0.1 });
    studio.stage.draw();
    const bone = studio.head.bones.get('head');
    const turn = bone.getWorldQuaternion(bone.quaternion.clone());
    const shift = bone.getWorldPosition(bone.position.clone())
        .sub(studio.head.headAtRest.clone().applyQuaternion(turn));
    return [turn.toArray(), shift.toArray()];
}"""


@pytest.fixture
def page(studio, open_page):
    return open_page(studio.address, "Grace")


@pytest.fixture(scope="module")
def stage(heads) -> SplatStage:
    return SplatStage.build(Avatar.load(heads / "Grace.avatar"))


def floats(page, array: str, columns: int) -> torch.Tensor:
    """Return what an array in the page holds after the next picture."""
    text = page.evaluate(
        f"() => {{ studio.stage.draw(); const values = studio.head.splats.{array};"
        " return btoa(String.fromCharCode(...new Uint8Array(values.buffer))); }"
    )
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").copy()).view(-1, columns)


def posed_in(page) -> tuple[torch.Tensor, Transform]:
    """Pose the head in the page; return its weights and its pose in the world."""
    turn, shift = page.evaluate(POSE, WEIGHTS)
    weights = torch.zeros(52)
    for name, value in WEIGHTS.items():
        weights[ARKIT_INDEX[name]] = value
    pose = Transform(
        rotation=matrix_from_quaternion(torch.tensor(turn)), translation=torch.tensor(shift)
    )
    return weights, pose


@needs_browser
def test_the_page_poses_them_as_python_does(page, stage):
    assert page.evaluate("() => studio.look") == "splats"
    weights, pose = posed_in(page)
    shown = floats(page, "poser.posed", 13)
    posed = pose_splats(stage.splats, stage.rig, weights, pose)
    axes = matrix_from_quaternion(posed.rotations) * posed.scales[:, None]
    spread = axes @ axes.transpose(1, 2)
    assert (shown[:, :3] - posed.means).abs().max() < 2e-6
    assert (shown[:, 9:12] - posed.colors).abs().max() < 1e-4
    assert torch.allclose(shown[:, 12], posed.opacities)
    upper = spread[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    size = spread.diagonal(dim1=1, dim2=2).sum(1, keepdim=True)
    assert ((shown[:, 3:9] - upper) / size).abs().max() < 1e-3


def without_gloss(points: Points, light: Light) -> Radiance:
    radiance = shade(points, light)
    return replace(radiance, gloss=torch.zeros_like(radiance.gloss))


@needs_browser
@pytest.mark.parametrize("turn", [0.0, 1.2])
def test_the_page_lights_them_as_python_does_but_for_gloss_and_shadows(
    page, stage, turn, monkeypatch
):
    monkeypatch.setattr("avatar.render.relight_splats.shade", without_gloss)
    weights, pose = posed_in(page)
    page.evaluate(
        f"() => {{ studio.light.setEnvironment('window'); studio.light.rotate({turn}); }}"
    )
    shown = floats(page, "colors", 3).clamp(0, 1)
    light = Lighting(room="window", turn=turn).light()
    lamps = tuple(replace(lamp, shadow=False) for lamp in light.lamps)
    light = replace(light, lamps=lamps, sheen=0.0, mirrored=0.0)
    lit = stage.lit(weights, pose, light, stage.splats.camera).colors.clamp(0, 1)
    filmed = stage.posed(weights, pose).colors.clamp(0, 1)
    error = (shown - lit).abs().mean()
    assert error < 0.05
    assert error < 0.3 * (filmed - lit).abs().mean()


@needs_browser
def test_they_open_from_where_and_in_what_light_they_were_filmed(page, stage):
    x, y, z = page.evaluate("() => studio.stage.camera.position.toArray()")
    target = torch.tensor(page.evaluate("() => studio.stage.controls.target.toArray()"))
    filmed = stage.splats.camera.position_in_world - target
    away = torch.tensor([x, y, z]) - target
    assert torch.cosine_similarity(away, filmed, dim=0) > 0.9999
    assert page.evaluate("() => studio.light.environment") == "filmed"
    as_filmed = floats(page, "colors", 3)
    assert (as_filmed - stage.splats.colors).abs().max() < 1e-4
    page.evaluate("() => studio.light.setKey(2, 0, 0.3)")
    ahead = stage.splats.relighting.normals[:, 2] > 0.8
    assert (floats(page, "colors", 3) - as_filmed)[ahead].mean() > 0.1


@needs_browser
def test_a_panorama_of_ones_own_lights_from_its_middle(page, stage, tmp_path):
    page.get_by_role("tab", name="Light").click()
    choose(page, "Light it with your own .hdr", panorama_file(tmp_path / "lamp.hdr"))
    until(page, "studio.light.hasOwn")
    ahead = stage.splats.relighting.normals[:, 2] > 0.8
    lit = floats(page, "colors", 3)[ahead].mean()
    page.evaluate("() => studio.light.rotate(Math.PI)")
    assert lit - floats(page, "colors", 3)[ahead].mean() > 0.2
    # The mesh is lit from the same side.
    means = []
    for turn in ("0", "Math.PI"):
        page.evaluate(f"() => {{ studio.light.rotate({turn}); studio.setLook('clay'); }}")
        means.append(face_brightness(page))
    assert means[0] > 1.3 * means[1]


def face_brightness(page) -> float:
    return page.evaluate(
        """() => {
            studio.stage.frame('face', false);
            studio.stage.draw();
            const { renderer } = studio.stage;
            const canvas = renderer.domElement, gl = renderer.getContext();
            const pixels = new Uint8Array(4 * 40 * 40);
            gl.readPixels(canvas.width / 2 - 20, canvas.height / 2 - 20, 40, 40, gl.RGBA,
                gl.UNSIGNED_BYTE, pixels);
            return pixels.reduce((total, value) => total + value, 0) / pixels.length;
        }"""
    )
