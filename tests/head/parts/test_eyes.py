import math

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.mesh import face_normals
from avatar.head.anny.linear_map import apply_map
from avatar.head.parts.eyeball import (
    CENTRE_WEIGHTS,
    CORNEA_HEIGHT,
    EYEBALL_RADIUS,
    IRIS_RADIUS,
    LIMBUS_UV_RADIUS,
    eyeball_surface,
)
from avatar.head.parts.eyes import contact_points
from avatar.head.parts.gaze import LOOK_DOWN, LOOK_IN
from avatar.head.parts.rims import FRONT_EDGE, INNER_EDGE, lid_rim

SIDES = ["left", "right"]


def centre(eye):
    front, back = CENTRE_WEIGHTS
    return front * eye.vertices[0] + back * eye.vertices[-1]


@pytest.mark.parametrize("side", SIDES)
def test_lids_touch_the_eyeball_with_their_rims(source, reference, parts, side):
    rim = lid_rim(source, side)
    ball = centre(parts[f"eye_{side}"])
    contact = (contact_points(reference, rim) - ball).norm(dim=-1)
    assert (contact - EYEBALL_RADIUS).abs().max() < 0.001
    columns = [*range(18), 26, 27]
    front = (reference[rim.rings[FRONT_EDGE, columns]] - ball).norm(dim=-1)
    inner = (reference[rim.rings[INNER_EDGE, columns]] - ball).norm(dim=-1)
    assert front.min() > EYEBALL_RADIUS + 0.0005
    assert inner.max() < EYEBALL_RADIUS


def test_iris_is_11_7_mm_wide_and_fills_its_circle_of_the_texture():
    eye = eyeball_surface()
    radii = (eye.uvs - 0.5).norm(dim=-1)
    inside = radii[: len(eye.vertices) - 1] <= LIMBUS_UV_RADIUS + 1e-9
    width = eye.vertices[:-1][inside][:, 0].max() - eye.vertices[:-1][inside][:, 0].min()
    assert width.item() == pytest.approx(0.0117, abs=1e-6)
    assert pytest.approx(0.00585) == IRIS_RADIUS


def test_eyeball_is_closed_and_faces_outwards():
    eye = eyeball_surface()
    normals = face_normals(eye.vertices, eye.faces)
    middles = eye.vertices[eye.faces].mean(1)
    assert ((normals * middles).sum(-1) > 0).all()
    edges = torch.cat([eye.faces[:, [0, 1]], eye.faces[:, [1, 2]], eye.faces[:, [2, 0]]])
    keys = {tuple(edge) for edge in edges.tolist()}
    assert len(keys) == len(edges)
    assert all((b, a) in keys for a, b in keys)


def test_cornea_covers_the_iris_and_bulges_before_the_ball(parts):
    eye, cornea = parts["eye_left"], parts["cornea_left"]
    gap = cornea.vertices[:, 2].max() - eye.vertices[:, 2].max()
    assert 0.0015 < gap < 0.004
    assert 0.0010 < CORNEA_HEIGHT - EYEBALL_RADIUS < 0.0016


def test_looks_turn_the_ball_about_its_centre(parts):
    eye = parts["eye_left"]
    for name, angle, axis in [("eyeLookInLeft", LOOK_IN, 0), ("eyeLookDownLeft", LOOK_DOWN, 1)]:
        moved = eye.vertices + eye.expression[ARKIT_INDEX[name]]
        torch.testing.assert_close(
            (moved - centre(eye)).norm(dim=-1), (eye.vertices - centre(eye)).norm(dim=-1)
        )
        gaze = moved[0] - centre(eye)
        assert gaze[axis] < 0
        assert math.asin(-gaze[axis] / gaze.norm()) == pytest.approx(angle)


def test_right_eye_mirrors_the_left(parts):
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    for name in ("eye", "cornea"):
        left, right = parts[f"{name}_left"], parts[f"{name}_right"]
        torch.testing.assert_close(left.vertices * flip, right.vertices, atol=2e-5, rtol=0)
        torch.testing.assert_close(left.uvs, right.uvs)


def test_eyes_follow_the_lids_of_other_adults_within_a_millimetre(source, reference, adults, parts):
    for shape in adults:
        change = source.vertices + shape - reference
        for side in SIDES:
            eye = parts[f"eye_{side}"]
            ball = centre(eye) + apply_map(eye.binding, change)[0]
            contact = contact_points(reference + change, lid_rim(source, side))
            assert ((contact - ball).norm(dim=-1) - EYEBALL_RADIUS).abs().max() < 0.0014
