"""Texture finds the brows that landmarks missed, and touches nothing else."""

from dataclasses import replace

import pytest
import torch

from avatar.capture.brow_picture import brow_picture
from avatar.capture.follow_face import FaceTrace
from avatar.capture.read_video import VideoFrame
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.material import srgb_from_linear
from avatar.core.transform import Transform, rotation_from_euler
from avatar.fit.state import PhotoState
from avatar.fit.video.brow_surface import BROW_INDICES, brow_surface
from avatar.fit.video.brow_texture import brows_by_texture
from avatar.fit.video.fit_frame import FrameFit
from avatar.head.registry import load_model
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh

FRAMES, SIZE, FOCAL = 30, 320, 640.0
BROWS, JAW = list(BROW_INDICES), ARKIT_INDEX["jawOpen"]


@pytest.fixture(scope="module")
def head():
    return load_model("anny")


@pytest.fixture(scope="module")
def surface(head):
    return brow_surface(head, head.template)


@pytest.fixture(scope="module")
def truth():
    """The frames of a performance: brows, a head that nods and turns, a mouth that opens."""
    time = torch.linspace(0, 1, FRAMES, dtype=torch.float64)
    weights = torch.zeros(FRAMES, 52, dtype=torch.float64)
    frown = torch.sin(6.3 * time).clamp_min(0) * 0.8
    raised = (-torch.sin(6.3 * time)).clamp_min(0) * 0.7
    for index, curve in zip(BROWS, (frown, frown, raised, raised, 0.6 * raised), strict=True):
        weights[:, index] = curve
    weights[:, JAW] = 0.3 * time
    facing = torch.diag(torch.tensor([1.0, -1.0, -1.0]).double())
    still = torch.zeros((), dtype=torch.float64)
    return [
        PhotoState(
            camera_from_head=Transform(
                rotation=facing
                @ rotation_from_euler(0.1 * torch.sin(9 * t), 0.15 * torch.sin(5 * t), still),
                translation=torch.tensor([0.01, 0.03, 0.5]).double(),
            ),
            log_focal=torch.tensor(FOCAL).double().log(),
            expression=own,
            landmark_error=torch.zeros(0).double(),
            width=SIZE,
            height=SIZE,
        )
        for t, own in zip(time, weights, strict=True)
    ]


def painted(head):
    """Brightness of the skin by vertex: dark brows and freckles."""
    x, y, z = head.template.unbind(1)
    freckles = torch.sin(620 * x) * torch.sin(560 * y + 1) * torch.sin(500 * z + 2)
    brows = torch.exp(-(((y - 0.022 - 0.1 * x.abs()) / 0.005) ** 2)) * (x.abs() > 0.012)
    return (0.4 + 0.16 * freckles) * (1 - 0.6 * brows)


def filmed(head, photos, paint):
    """Return traces of frames in a light that changes, with their brows."""
    faces = head.part("skin").faces
    generator = torch.Generator().manual_seed(0)
    traces = []
    for number, photo in enumerate(photos):
        own = photo.to(torch.float32)
        vertices = head.vertices(torch.zeros(head.identity_size), own.expression)
        places, depths = own.camera.project(vertices)
        shown = rasterize_mesh(places, depths, faces, SIZE, SIZE)
        shade = torch.stack([paint, vertices[:, 0]], 1)
        layers = interpolate(shown, faces, shade)
        grey = layers[..., 0] + 0.02 * torch.randn(SIZE, SIZE, generator=generator)
        grey = grey * (1 + 3 * number / FRAMES * layers[..., 1]) * (0.6 + 0.03 * number)
        covered = shown.triangles >= 0
        grey = torch.where(covered, grey, torch.full_like(grey, 0.2)).clamp(0, 1)
        pixels = (srgb_from_linear(grey) * 255).round().to(torch.uint8)
        frame = VideoFrame(
            pixels=pixels[..., None].expand(-1, -1, 3).contiguous(), time=number / 25
        )
        points = torch.zeros(478, 3)
        points[:, :2] = own.camera.project(head.landmarks478.on(vertices))[0]
        traces.append(
            FaceTrace(
                time=frame.time,
                width=SIZE,
                height=SIZE,
                points=points,
                confidences=torch.ones(478),
                presence=1.0,
                shot=0,
                found=number == 0,
                brows=brow_picture(frame, points),
            )
        )
    return traces


def blind(photos):
    """Fits that see a third of the brows' moves, and of the pose what landmarks tell."""
    generator = torch.Generator().manual_seed(1)
    sure = torch.cat([torch.tensor([4e4] * 3 + [2e5, 2e5, 1e5]), torch.full((52,), 150.0)]).double()
    fits = []
    for photo in photos:
        expression = photo.expression.clone()
        expression[BROWS] *= 0.3
        shift = 0.0005 * torch.randn(3, generator=generator).double()
        pose = replace(
            photo.camera_from_head, translation=photo.camera_from_head.translation + shift
        )
        fits.append(
            FrameFit(
                photo=replace(photo, expression=expression, camera_from_head=pose),
                residual=1.0,
                gaze=torch.zeros(2, 2).double(),
                lid_ratios=torch.zeros(2).double(),
                gradient=torch.zeros(58).double(),
                information=torch.diag(sure),
            )
        )
    return fits


@pytest.fixture(scope="module")
def film(head, truth):
    return filmed(head, truth, painted(head))


def brows(photos):
    return torch.stack([photo.expression[BROWS] for photo in photos])


def unchanged(found, fits):
    return all(own is fit for own, fit in zip(found, fits, strict=True))


def test_brows_that_landmarks_missed_are_found_in_changing_light(surface, truth, film):
    fits = blind(truth)
    told = []
    found = brows_by_texture(surface, film, fits, told=told.append)
    before = brows([fit.photo for fit in fits]) - brows(truth)
    after = brows([fit.photo for fit in found]) - brows(truth)
    assert float(after.square().mean().sqrt()) < 0.7 * float(before.square().mean().sqrt())
    assert told[-1] == 1.0


def test_all_but_the_brows_stays_bit_for_bit(surface, truth, film):
    fits = blind(truth)
    for fit, found in zip(fits, brows_by_texture(surface, film, fits), strict=True):
        others = [index for index in range(52) if index not in BROWS]
        assert torch.equal(found.photo.expression[others], fit.photo.expression[others])
        assert not torch.equal(found.photo.expression, fit.photo.expression)
        assert found.photo.camera_from_head is fit.photo.camera_from_head
        assert found.information is fit.information


def test_skin_without_texture_changes_nothing(surface, head, truth):
    plain = filmed(head, truth, torch.full((len(head.template),), 0.4))
    fits = blind(truth)
    assert unchanged(brows_by_texture(surface, plain, fits), fits)


def test_what_shows_too_little_changes_nothing(surface, truth, film):
    fits = blind(truth)
    small = [replace(trace, points=trace.points * 0.5) for trace in film]
    unseen = [replace(trace, brows=None) for trace in film]
    cuts = [replace(trace, shot=number // 10) for number, trace in enumerate(film)]
    for traces in (small, unseen, cuts, [None] * FRAMES):
        assert unchanged(brows_by_texture(surface, traces, fits), fits)
    assert brows_by_texture(surface, film, [None] * FRAMES) == [None] * FRAMES


def test_a_hand_before_the_forehead_and_a_black_frame_leave_landmarks_their_say(
    surface, truth, film
):
    fits, traces = blind(truth), list(film)
    generator = torch.Generator().manual_seed(2)
    hidden = (3, 4, 20)
    for row in hidden:
        own = film[row].brows
        noise = torch.randint(40, 200, own.grey.shape, generator=generator, dtype=torch.uint8)
        traces[row] = replace(film[row], brows=replace(own, grey=noise))
    black = torch.zeros_like(film[12].brows.grey)
    traces[12] = replace(film[12], brows=replace(film[12].brows, grey=black))
    found = brows_by_texture(surface, traces, fits)
    assert all(found[row] is fits[row] for row in (*hidden, 12))
    assert found[10] is not fits[10]
