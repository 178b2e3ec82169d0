"""What every stage shares: framings, light, sliders, the face and the clock."""

import math

import pytest
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.harmonics import irradiance
from avatar.core.transform import euler_from_rotation
from avatar.export.exercise_clip import exercise_clip
from tests.export.synthetic import synthetic_avatar
from viewers.stage.face import STILL, Face, Pose
from viewers.stage.framings import FARTHEST, FRAMINGS, NEAREST, Orbit, frame_orbit
from viewers.stage.lighting import LIGHTS, Lighting
from viewers.stage.performance import Player, pose_at
from viewers.stage.rooms import ROOMS, Room, room_light
from viewers.stage.sliders import matches, partner, readable, slider_groups

UP = torch.tensor([[0.0, 1.0, 0.0]])
SIDES = torch.nn.functional.normalize(
    torch.randn(200, 3, generator=torch.Generator().manual_seed(0)), dim=1
)


@pytest.fixture
def ahead() -> Orbit:
    return Orbit(target=(0.0, 0.0, 0.0), distance=1.0)


@pytest.mark.parametrize("name", FRAMINGS)
def test_framings_hold_the_whole_face(name):
    vertices = synthetic_avatar().mesh.vertices
    camera = frame_orbit(vertices, name, 1.5).camera(300, 200)
    pixels, depths = camera.project(torch.tensor([[0.0, 0.0, 0.09], [0.0, -0.08, 0.08]]))
    assert (depths > 0.1).all()
    assert ((pixels > 0) & (pixels < torch.tensor([300, 200]))).all()


def test_a_camera_pulled_to_the_right_sees_the_subjects_left(ahead):
    camera = ahead.turned(0.5, 0.2).camera(100, 100)
    place = camera.position_in_world
    assert place[0] > 0.4
    assert place[1] > 0.1
    assert place.norm() == pytest.approx(1.0, abs=1e-5)


def test_orbits_stop_at_their_limits(ahead):
    assert ahead.nearer(1e6).distance == NEAREST
    assert ahead.nearer(1e-6).distance == FARTHEST
    assert abs(ahead.turned(0, 9).pitch) < math.pi / 2


def test_a_slide_moves_the_picture_in_its_own_plane(ahead):
    turned = ahead.turned(0.7, 0.3)
    camera = turned.camera(100, 100)
    slid = turned.moved(0.1, 0.05)
    moved = camera.camera_from_world.apply(torch.tensor([slid.target]))[0]
    assert moved[0] == pytest.approx(0.1, abs=1e-5)
    assert moved[1] == pytest.approx(-0.05, abs=1e-5)
    assert moved[2] == pytest.approx(1.0, abs=1e-5)


def test_a_glide_takes_the_shorter_way_around(ahead):
    behind = Orbit(target=(0.0, 0.0, 0.0), distance=1.0, yaw=-3.0)
    between = Orbit(target=(0.0, 0.0, 0.0), distance=1.0, yaw=3.0).towards(behind, 0.5)
    assert math.cos(between.yaw) == pytest.approx(-1, abs=1e-3)


def test_a_room_without_panels_lights_evenly():
    light = room_light(Room(walls=0.4, panels=()))
    assert torch.allclose(irradiance(light.environment, SIDES), torch.tensor(0.4), atol=1e-5)


def test_what_lights_a_wall_is_the_panel_opposite():
    light = room_light(ROOMS["overcast"])
    above = irradiance(light.environment, UP)
    below = irradiance(light.environment, -UP)
    assert (above > 1.2 * below).all()
    lamps = room_light(ROOMS["rim"]).lamps
    warm, cold = lamps[0], lamps[1]
    assert warm.direction[0] < 0 < cold.direction[0]
    assert warm.color[0] > warm.color[2]
    assert cold.color[2] > cold.color[0]


@pytest.mark.parametrize("name", LIGHTS)
def test_lights_have_lamps_that_fit_the_shader(name):
    light = Lighting(room=name, key_strength=1.0).light()
    assert 1 <= len(light.lamps) <= 6


def test_a_turned_room_lights_from_the_other_side():
    ahead = Lighting(room="window").light()
    turned = Lighting(room="window", turn=math.pi, brightness=0.5).light()
    before, after = ahead.lamps[0], turned.lamps[0]
    assert torch.allclose(after.direction * torch.tensor([-1, 1, -1]), before.direction, atol=1e-6)
    assert after.color == pytest.approx([0.5 * value for value in before.color])


def test_a_lit_room_of_ones_own_takes_the_rooms_place():
    own = room_light(Room(walls=0.7, panels=()))
    assert Lighting(room="rim", own=own).light().lamps == ()


def test_every_coefficient_has_one_slider():
    names = [name for group in slider_groups() for name in group.names]
    assert sorted(names) == sorted(ARKIT_NAMES)
    assert len({(group.title, readable(n)) for group in slider_groups() for n in group.names}) == 52


def test_sliders_are_found_by_what_people_call_them():
    assert readable("mouthSmileLeft") == "Smile left"
    assert readable("jawOpen") == "Jaw open"
    assert matches("mouthSmileLeft", "smile L")
    assert matches("eyeBlinkRight", "eyeblink")
    assert not matches("jawOpen", "smile")


def test_sides_that_are_opposites_have_no_partner():
    assert partner("mouthSmileLeft") == "mouthSmileRight"
    assert partner("jawOpen") is None
    assert partner("eyeLookInLeft") is None
    assert partner("mouthLeft") is None


def test_what_is_undone_can_be_done_again():
    face = Face()
    for value in (0.3, 0.6):
        face.take(face.pose.with_weight("jawOpen", value))
    face.commit()
    face.undo()
    assert face.pose.weight("jawOpen") == 0.3
    face.undo()
    face.undo()
    assert face.pose == STILL
    face.redo()
    assert face.pose.weight("jawOpen") == 0.3
    face.take(face.pose.with_weight("jawOpen", 1.7))
    assert not face.can_redo
    assert face.pose.weight("jawOpen") == 1.0


def test_gaze_comes_back_as_it_was_set():
    assert STILL.looking(0.4, -0.7).gaze == pytest.approx((0.4, -0.7))


def test_neck_and_head_together_make_the_turn():
    pose = STILL.turned(0.0, 0.5, 0.0)
    neck, head = pose.rotations(("neck", "head"))
    assert float(euler_from_rotation(neck @ head)[1]) == pytest.approx(0.5, abs=1e-6)
    (alone,) = pose.rotations(("head",))
    assert float(euler_from_rotation(alone)[1]) == pytest.approx(0.5, abs=1e-6)


def test_a_turn_by_hand_takes_the_place_of_a_performances():
    turned = Pose(joints=(("head", (0.0, 0.3, 0.0, 0.95)),))
    assert not torch.allclose(turned.rotations(("head",))[0], torch.eye(3))
    assert torch.allclose(turned.turned(0, 0, 0).rotations(("head",))[0], torch.eye(3))


def test_a_clip_plays_by_the_clock_and_loops():
    now = [10.0]
    clip = exercise_clip(synthetic_avatar().rig)
    player = Player(clip=clip, clock=lambda: now[0])
    player.play()
    now[0] += 3.0
    assert player.place == pytest.approx(3.0)
    now[0] += player.duration
    assert player.place == pytest.approx(3.0)
    player.loop = False
    now[0] += player.duration
    assert player.place == player.duration
    assert not player.playing
    player.play()
    assert player.place == pytest.approx(0.0)


def test_a_pause_holds_and_a_seek_goes_there():
    now = [0.0]
    clip = Clip(times=torch.tensor([0.0, 2.0]), weights=torch.tensor([[0.0] * 52, [1.0] * 52]))
    player = Player(clip=clip, clock=lambda: now[0])
    player.play()
    now[0] = 0.5
    player.pause()
    now[0] = 9.0
    assert player.pose().weights[0] == pytest.approx(0.25)
    player.seek(7.0)
    assert player.place == 2.0
    assert pose_at(clip, 1.0).weights[5] == pytest.approx(0.5)


def test_left_shows_the_side_of_the_left_ear():
    """As in the preview sheet: the camera stands at +X, to the person's left."""
    assert FRAMINGS["left"].yaw == -FRAMINGS["right"].yaw > 1
    vertices = synthetic_avatar().mesh.vertices
    camera = frame_orbit(vertices, "left", 1.0).camera(64, 64)
    assert float(camera.camera_from_world.inverse().translation[0]) > 0.2
