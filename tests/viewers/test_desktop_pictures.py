"""What the desktop window draws, by OpenGL without a window, is what `avatar.render` draws."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.core.material import Material
from avatar.core.mesh import vertex_normals
from avatar.core.splats import SplatRelighting
from avatar.create.default_head import default_head
from avatar.render.frame_head import frame_head
from avatar.render.light import studio_light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.splat_stage import SplatStage
from avatar.render.tangents import tangents
from avatar.render.tone import backdrop, composite, to_bytes
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.viewers.opengl import needs_opengl
from viewers.desktop.headless import HeadlessStage
from viewers.desktop.poser import Poser
from viewers.desktop.stage import StageSettings
from viewers.stage.face import STILL, Pose
from viewers.stage.framings import frame_orbit
from viewers.stage.lighting import Lighting

SIZE = 320
SMILE = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "browInnerUp": 0.6}
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
AWAY = STILL.with_weights({"jawOpen": 0.7}).turned(0.1, 0.4, -0.1).looking(0.6, 0.3)


def painted(head: Avatar) -> Avatar:
    """Return the head with a skin that is not the same everywhere, as photos make it."""
    generator = torch.Generator().manual_seed(0)
    blurred = torch.nn.functional.interpolate(
        torch.rand(1, 6, 24, 24, generator=generator), size=256, mode="bicubic"
    )[0].clamp(0, 1)
    bumps = (blurred[3:] - 0.5) * torch.tensor([0.3, 0.3, 0.0])[:, None, None]
    skin = Material(
        name="skin",
        base_color_map=(0.2 + 0.5 * blurred[:3]).permute(1, 2, 0),
        roughness_map=0.35 + 0.4 * blurred[0],
        roughness=1.0,
        normal_map=(bumps + torch.tensor([0.5, 0.5, 1.0])[:, None, None]).permute(1, 2, 0),
    )
    others = tuple(m for m in head.materials if m.name != "skin")
    return replace(head, materials=(skin, *others))


@pytest.fixture(scope="module")
def head() -> Avatar:
    return painted(default_head())


@pytest.fixture(scope="module")
def stage(head: Avatar) -> Iterator[HeadlessStage]:
    with HeadlessStage(head) as stage:
        yield stage


def rendered(head: Avatar, stage: HeadlessStage, camera, light, pose: Pose):
    """Return what `avatar.render` shows, sRGB bytes, and where the head is."""
    turns = pose.rotations(head.rig.joint_names)
    scene = stage.stage.shadows.scene.moved(head.pose(torch.tensor(pose.weights), turns))
    picture = render_head(scene, camera, RenderOptions(light=light))
    ground = backdrop(camera.height, camera.width, picture)
    return to_bytes(composite(picture, ground)).numpy(), picture[..., 3].numpy() > 0


@needs_opengl
@pytest.mark.parametrize(
    ("yaw", "pitch", "pose"),
    [
        (0.0, 0.0, STILL),
        (0.6, 0.1, STILL.with_weights(SMILE)),
        (-1.3, -0.2, STILL.with_weights(BLINK)),
        (0.2, 0.0, AWAY),
    ],
)
def test_a_frame_is_that_of_avatar_render(head, stage, yaw, pitch, pose):
    camera = frame_head(head.mesh, yaw=yaw, pitch=pitch, size=(SIZE, SIZE))
    stage.stage.light = light = studio_light(camera)
    picture = stage.picture(camera, pose)
    wanted, covered = rendered(head, stage, camera, light, pose)
    apart = np.abs(picture.astype(int) - wanted.astype(int))
    assert covered.mean() > 0.2
    assert apart.mean() < 0.8
    assert apart[covered].mean() < 1.2
    assert (apart > 24).mean() < 0.02


@needs_opengl
@pytest.mark.parametrize("room", ["softbox", "window", "rim", "overcast"])
def test_every_room_lights_as_in_avatar_render(head, stage, room):
    camera = frame_head(head.mesh, yaw=0.3, size=(SIZE // 2, SIZE // 2))
    lighting = Lighting(room=room, turn=0.7, brightness=1.2, key_strength=0.5)
    stage.stage.settings = StageSettings(lighting=lighting)
    picture = stage.picture(camera)
    wanted, covered = rendered(head, stage, camera, lighting.light(), STILL)
    assert np.abs(picture.astype(int) - wanted.astype(int))[covered].mean() < 2


@needs_opengl
def test_a_blink_changes_the_eyes_alone(head, stage):
    camera = frame_head(head.mesh, size=(SIZE, SIZE))
    open_eyes = stage.picture(camera)
    closed = stage.picture(camera, STILL.with_weights(BLINK))
    changed = np.abs(open_eyes.astype(int) - closed.astype(int)).max(-1) > 12
    rows, columns = np.nonzero(changed)
    assert 100 < changed.sum() < 0.04 * SIZE * SIZE
    pixels, _ = camera.project(torch.zeros(1, 3))
    assert abs(rows.mean() - float(pixels[0, 1])) < 0.06 * SIZE
    assert columns.min() < SIZE / 2 < columns.max()


@needs_opengl
def test_light_known_by_the_jaw_is_close_to_that_of_the_very_pose(head, stage):
    camera = frame_head(head.mesh, size=(SIZE, SIZE))
    pose = STILL.with_weights({"jawOpen": 0.4, "mouthSmileLeft": 0.5})
    stage.stage.settings = StageSettings()
    exact = stage.picture(camera, pose)
    stage.stage.prepare(exact=False)
    quick = stage.picture(camera, replace(pose), exact=False)
    apart = np.abs(exact.astype(int) - quick.astype(int))
    assert 0 < apart.mean() < 0.5


@needs_opengl
def test_every_look_is_another_picture(head, stage):
    camera = frame_head(head.mesh, size=(96, 96))
    seen = []
    for look in stage.stage.looks:
        stage.stage.settings = StageSettings(look=look)
        seen.append(stage.picture(camera).astype(int))
    assert len(seen) == 6
    for place, one in enumerate(seen):
        for other in seen[place + 1 :]:
            assert np.abs(one - other).mean() > 2


@needs_opengl
def test_the_albedo_look_is_the_texture_unlit(head, stage):
    camera = frame_head(head.mesh, size=(SIZE, SIZE))
    stage.stage.settings = StageSettings(look="albedo")
    picture = stage.picture(camera)
    scene = stage.stage.shadows.scene
    wanted = render_head(scene, camera, RenderOptions(unlit=True, light=studio_light(camera)))
    inside = wanted[..., 3].numpy() == 1
    shown = to_bytes(wanted[..., :3]).numpy()
    assert np.median(np.abs(picture.astype(int) - shown)[inside]) <= 1


@needs_opengl
def test_splats_are_those_of_the_rasteriser():
    head = synthetic_avatar()
    head = replace(head, splats=a_few_splats(head))
    camera = frame_orbit(head.mesh.vertices, "head", 1.5).camera(240, 160)
    own = SplatStage.build(head)
    turns = AWAY.rotations(head.rig.joint_names)
    posed = own.posed(torch.tensor(AWAY.weights), own.head_of_joints(turns))
    ground = torch.tensor([0.0, 0xB1 / 255, 0x40 / 255])
    wanted = (own.picture(posed, camera, ground) * 255).round().numpy()
    with HeadlessStage(head, StageSettings(look="splats", backdrop="green")) as stage:
        picture = stage.picture(camera, AWAY)
        by_card = drawn_by_the_card(stage, camera)
    assert np.abs(picture - wanted).max() <= 3
    assert np.abs(by_card - wanted).mean() < 0.5
    assert np.abs(by_card - wanted).max() < 24
    assert np.abs(wanted - np.array([0, 0xB1, 0x40])).mean() > 1


@needs_opengl
@pytest.mark.parametrize("relightable", [True, False])
def test_splats_are_lit_by_a_room_where_it_is_known_how(relightable):
    head = synthetic_avatar()
    splats = a_few_splats(head)
    count = len(splats)
    relighting = SplatRelighting(
        normals=torch.nn.functional.normalize(splats.means, dim=1),
        filmed_light=torch.full((count, 3), 0.8),
        openness=torch.ones(count),
        roughnesses=torch.full((count,), 0.5),
        environment=torch.tensor([[0.8] * 3] + [[0.0] * 3] * 8),
    )
    head = replace(head, splats=replace(splats, relighting=relighting if relightable else None))
    camera = frame_orbit(head.mesh.vertices, "head", 1.0).camera(120, 120)
    rim = Lighting(room="rim")
    own = SplatStage.build(head)
    pose = own.head_of_joints(STILL.rotations(head.rig.joint_names))
    lit = own.lit(torch.zeros(52), pose, rim.light() if relightable else None, camera)
    wanted = (own.picture(lit, camera, torch.tensor([0.0, 0xB1, 0x40]) / 255) * 255).numpy()
    with HeadlessStage(head, StageSettings(look="splats", backdrop="green")) as stage:
        filmed = stage.picture(camera).astype(float)
        stage.stage.settings = StageSettings(look="splats", backdrop="green", lighting=rim)
        picture = stage.picture(camera).astype(float)
    assert np.abs(picture - wanted).max() <= 3
    assert (np.abs(picture - filmed).mean() > 1) == relightable


def drawn_by_the_card(stage: HeadlessStage, camera) -> np.ndarray:
    """Return the picture where graphics cards draw splats, whatever draws here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("viewers.desktop.splat_cloud.is_software", lambda _context: False)
        return stage.draw(camera).astype(float)


def test_the_poser_poses_as_the_rig_does(head):
    pose = AWAY.with_weights(dict.fromkeys(ARKIT_NAMES, 0.3))
    turns = pose.rotations(head.rig.joint_names)
    posed = Poser.build(head).pose(torch.tensor(pose.weights), turns)
    vertices = head.pose(torch.tensor(pose.weights), turns)
    assert np.abs(posed.vertices - vertices.numpy()).max() < 1e-6
    normals = vertex_normals(vertices, head.mesh.faces).numpy()
    assert np.quantile(np.abs(posed.normals - normals), 0.999) < 1e-3
    frames = tangents(vertices, head.mesh.faces, head.mesh.uvs, head.mesh.uv_faces).numpy()
    assert np.abs(posed.along_u - frames[:, :3]).max() < 1e-6
    assert np.abs(posed.along_v - frames[:, 3:]).max() < 1e-6
