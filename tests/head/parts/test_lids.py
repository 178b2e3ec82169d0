import math

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anatomy import personal_morphs
from avatar.head.parts.lid_frame import lid_frame, part_vertices
from avatar.head.parts.settle_eyes import settled_eyes
from avatar.ops.rasterize_mesh import rasterize_mesh

RESOLUTION = 5000.0  # pixels per metre: 0.2 mm
SIZE = 300


def person(head, seed):
    if seed is None:
        return head.template
    generator = torch.Generator().manual_seed(seed)
    return head.vertices(torch.randn(head.identity_size, generator=generator))


def visible_eye_pixels(head, vertices, side, yaw):
    """Look at an eye along a horizontal direction and count the pixels that see more than skin."""
    centre = lid_frame(head, vertices, side).centre.to(vertices)
    sine, cosine = math.sin(yaw), math.cos(yaw)
    offsets = vertices - centre
    across = offsets @ vertices.new_tensor([cosine, 0.0, -sine])
    towards = offsets @ vertices.new_tensor([sine, 0.0, cosine])
    pixels = torch.stack([across, -offsets[:, 1]], -1) * RESOLUTION + SIZE / 2
    eye = [head.part(f"{name}_{side}").faces for name in ("eye", "cornea", "conjunctiva")]
    skin = head.part("skin").faces
    faces = torch.cat([skin, *eye])
    seen = rasterize_mesh(pixels, 0.5 - towards, faces, SIZE, SIZE).triangles
    return int((seen >= len(skin)).sum())


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_closed_lids_leave_no_gap_over_the_eyeball_from_the_front_and_thirty_degrees(head, seed):
    neutral = settled_eyes(head, person(head, seed))
    morphs = personal_morphs(head, neutral)
    for side in ("left", "right"):
        closed = neutral + morphs[ARKIT_INDEX[f"eyeBlink{side.capitalize()}"]]
        for yaw in (-math.pi / 6, 0.0, math.pi / 6):
            assert visible_eye_pixels(head, neutral, side, yaw) > 1000
            assert visible_eye_pixels(head, closed, side, yaw) == 0


@pytest.mark.parametrize("seed", [None, 4])
def test_half_closed_lids_show_about_half_the_eye(head, seed):
    neutral = settled_eyes(head, person(head, seed))
    morphs = personal_morphs(head, neutral)
    half = neutral + 0.5 * morphs[ARKIT_INDEX["eyeBlinkLeft"]]
    open_area = visible_eye_pixels(head, neutral, "left", 0.0)
    assert 0.3 < visible_eye_pixels(head, half, "left", 0.0) / open_area < 0.7


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_settled_balls_lie_against_the_rims_as_on_the_template(head, seed):
    neutral = settled_eyes(head, person(head, seed))
    for side in ("left", "right"):
        rest, frame = (lid_frame(head, v, side) for v in (head.template, neutral))
        touching = head.region(f"lid_contact_{side}")
        shares = (head.template[touching].double() - rest.centre).norm(dim=-1) / rest.radius
        distances = (neutral[touching].double() - frame.centre).norm(dim=-1)
        assert (distances - frame.radius * shares).abs().max() < 0.0005
        assert 0.94 < frame.radius / rest.radius < 1.07


def test_template_is_settled_already(head):
    torch.testing.assert_close(settled_eyes(head, head.template), head.template, atol=2e-5, rtol=0)


def test_blink_moves_its_own_side_only_and_mirrors_the_other(head):
    morphs = personal_morphs(head, head.template)
    left = morphs[ARKIT_INDEX["eyeBlinkLeft"]]
    right = morphs[ARKIT_INDEX["eyeBlinkRight"]]
    assert left[head.template[:, 0] < -0.005].abs().max() < 1e-9
    flip = torch.tensor([-1.0, 1.0, 1.0])
    skin = part_vertices(head, "skin")
    mirrored = right[head.mirror[skin]] * flip
    assert (mirrored - left[skin]).norm(dim=-1).max() < 2e-4


def test_lashes_stay_on_the_edge_of_a_closing_lid(head):
    morphs = personal_morphs(head, head.template)
    closed = head.template + morphs[ARKIT_INDEX["eyeBlinkLeft"]]
    lashes = part_vertices(head, "lashes_left")
    edge = head.region("lid_rim_left")
    roots = slice(lashes.start, lashes.start + 24)
    for vertices in (head.template, closed):
        gaps = torch.cdist(vertices[roots], vertices[edge]).min(-1).values
        assert gaps.max() < 0.0011


@pytest.mark.parametrize("mode", range(0, 12, 3))
def test_lids_close_three_deviations_out_along_single_modes(head, mode):
    identity = torch.zeros(head.identity_size)
    identity[mode] = 3.0
    neutral = settled_eyes(head, head.vertices(identity))
    morphs = personal_morphs(head, neutral)
    closed = neutral + morphs[ARKIT_INDEX["eyeBlinkLeft"]]
    for yaw in (-math.pi / 6, 0.0, math.pi / 6):
        assert visible_eye_pixels(head, closed, "left", yaw) == 0
