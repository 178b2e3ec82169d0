import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.mesh import face_normals
from avatar.head.parts.conjunctiva import COLUMNS, ROW_SHARES
from avatar.head.parts.eyeball import EYEBALL_RADIUS
from avatar.head.parts.eyes import centre_of_ball, contact_points
from avatar.head.parts.rims import lid_rim


def test_tissue_reaches_from_the_lids_to_under_the_balls_surface(source, reference, parts):
    tissue = parts["conjunctiva_left"].vertices.reshape(len(ROW_SHARES), COLUMNS, 3)
    rim = lid_rim(source, "left")
    centre = centre_of_ball(contact_points(reference, rim), EYEBALL_RADIUS)
    distances = (tissue - centre).norm(dim=-1)
    assert distances[-1].max() < EYEBALL_RADIUS - 0.001
    assert distances[0].min() > EYEBALL_RADIUS
    to_lid = torch.cdist(tissue[0], reference[rim.rings.flatten()]).min(-1).values
    assert to_lid.max() < 0.0025


def test_tissue_is_seen_from_the_front(parts):
    for side in ("left", "right"):
        part = parts[f"conjunctiva_{side}"]
        normals = face_normals(part.vertices, part.faces)
        assert (normals[:, 2] > 0).double().mean() > 0.7


def test_the_caruncle_stands_out_at_the_nose_only(parts):
    tissue = parts["conjunctiva_left"].vertices.reshape(len(ROW_SHARES), COLUMNS, 3)
    ahead = tissue[2, :, 2] - tissue[0, :, 2]
    assert int(ahead.argmax()) in range(40, 50)


def test_tissue_goes_down_with_the_lids_so_that_a_lowered_iris_stays_in_sight(parts):
    for side in ("left", "right"):
        look = parts[f"conjunctiva_{side}"].expression[
            ARKIT_INDEX[f"eyeLookDown{side.capitalize()}"]
        ]
        rows = look.reshape(len(ROW_SHARES), COLUMNS, 3)
        lid, ball = rows[0, :, 1].min(), rows[-1, :, 1].min()
        assert lid < -0.0005
        assert ball < 0.7 * lid
