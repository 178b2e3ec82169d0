"""Where the 478 and the 68 landmarks lie on the default model: by rays through detected points.

Each detection of a synthetic face sends a ray through every landmark; where it meets the skin (the
eyeball for irises) is a place on the model whatever the person's shape. The robust mean of these
places over frontal faces, made symmetric, is the landmark's place.
"""

import torch
from detect_faces import Detections
from torch import Tensor

from avatar.capture.topology import MIRRORED
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.camera import Camera
from avatar.core.mesh import SurfacePoints
from avatar.core.transform import Transform, euler_from_rotation
from avatar.head.model import HeadModel
from avatar.ops.rasterize_mesh import rasterize_mesh

IBUG68_FROM_478: tuple[int, ...] = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)
"""The dense point at each iBUG landmark's place (both sets' published pictures)."""

UPPER_LIP, LOWER_LIP = (
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
)
"""The inner edges of the lips: where these touch, the nearest surface may be the other one's."""

_FALLS = 0.014
"""Metres by which the lower lip's edge falls with the open jaw at least, and the upper at most."""


def camera_of(faces: Detections, row: int, size: int) -> Camera:
    """Return the camera of one detection."""
    return Camera(
        intrinsics=faces.intrinsics[row],
        camera_from_world=Transform(
            rotation=faces.rotation[row], translation=faces.translation[row]
        ),
        width=size,
        height=size,
    )


def yaw_pitch(faces: Detections) -> tuple[Tensor, Tensor]:
    """Return the true head angles, radians."""
    flip = torch.tensor([[1.0], [-1.0], [-1.0]])
    pitch, yaw, _ = euler_from_rotation(faces.rotation * flip)
    return yaw, pitch


def ray_hits(model: HeadModel, faces: Detections, size: int) -> Tensor:
    """Return (faces, 478, 3): the template point each landmark's ray meets, NaN for none."""
    eye_faces = torch.cat([model.part("eye_left").faces, model.part("eye_right").faces])
    yaw, pitch = yaw_pitch(faces)
    hits = torch.full((len(faces.points), 478, 3), torch.nan)
    for row in range(len(faces.points)):
        if abs(float(yaw[row])) > 0.6 or abs(float(pitch[row])) > 0.35:
            continue
        if float(faces.presence[row]) < 0.5:
            continue
        camera = camera_of(faces, row, size).resized(size * 2, size * 2)
        vertices = model.vertices(faces.identity[row], faces.expression[row])
        pixels, depths = camera.project(vertices)
        places = (faces.points[row, :, :2] * 2 + 0.5).round().long().clamp(0, 2 * size - 1)
        for own, points in (
            (model.part("skin").faces, slice(0, 468)),
            (eye_faces, slice(468, 478)),
        ):
            seen = rasterize_mesh(pixels, depths, own, 2 * size, 2 * size)
            x, y = places[points].unbind(1)
            triangle = seen.triangles[y, x]
            on = model.template[own[triangle.clamp_min(0)]]
            point = (on * seen.barycentrics[y, x][..., None]).sum(1)
            hits[row, points] = torch.where((triangle >= 0)[:, None], point, torch.nan)
    return hits


def embeddings(model: HeadModel, hits: Tensor) -> SurfacePoints:
    """Return the 478 points: symmetric robust means of the hits, on the surface nearest to them."""
    middle = hits.nanmedian(0).values
    for _ in range(5):
        off = (hits - middle).norm(dim=2)
        spread = off.nanmedian(0).values.clamp_min(5e-4)
        weight = (1 / (1 + (off / (2 * spread)) ** 2)).nan_to_num(0.0)[..., None]
        middle = (weight * hits.nan_to_num(0.0)).sum(0) / weight.sum(0)
        middle = (middle + middle[list(MIRRORED)] * middle.new_tensor([-1.0, 1.0, 1.0])) / 2
    skin = model.part("skin").faces
    eyes = torch.cat([model.part("eye_left").faces, model.part("eye_right").faces])
    # Rays seldom meet a mouth's inside or the sockets: landmarks are on what shows.
    hidden = model.region("mouth_interior") | model.region("eye_sockets")
    shown = skin[~hidden[skin].any(1)]
    on_skin = nearest_on_surface(model.template, shown, middle[:468])
    on_skin = on_own_lips(model, shown, on_skin, middle[:468])
    on_eyes = nearest_on_surface(model.template, eyes, middle[468:])
    return SurfacePoints(
        corners=torch.cat([on_skin.corners, on_eyes.corners]),
        barycentrics=torch.cat([on_skin.barycentrics, on_eyes.barycentrics]),
    )


def on_own_lips(
    model: HeadModel, faces: Tensor, points: SurfacePoints, at: Tensor
) -> SurfacePoints:
    """Return points with those of the lips' inner edges on triangles of their own lip."""
    jaw = model.expression_basis[ARKIT_INDEX["jawOpen"]]
    falls = -jaw[faces].mean(1)[:, 1]
    corners, barycentrics = points.corners.clone(), points.barycentrics.clone()
    for rows, own in ((list(UPPER_LIP), falls < _FALLS), (list(LOWER_LIP), falls > _FALLS)):
        moved = nearest_on_surface(model.template, faces[own], at[rows])
        corners[rows], barycentrics[rows] = moved.corners, moved.barycentrics
    return SurfacePoints(corners=corners, barycentrics=barycentrics)


def nearest_on_surface(vertices: Tensor, faces: Tensor, points: Tensor) -> SurfacePoints:
    """Return the surface points nearest to points, by projection on all triangles nearby."""
    corners = vertices[faces]
    centres = corners.mean(1)
    near = torch.cdist(points, centres).topk(40, largest=False).indices
    a, b, c = corners[near].unbind(2)
    best = _barycentrics(points[:, None], a, b, c)
    on = best[..., :1] * a + best[..., 1:2] * b + best[..., 2:] * c
    choice = (on - points[:, None]).norm(dim=2).argmin(1)
    rows = torch.arange(len(points))
    return SurfacePoints(corners=faces[near[rows, choice]], barycentrics=best[rows, choice])


def _barycentrics(point: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the barycentrics of the nearest points of triangles (clamped projection)."""
    u, v, w = b - a, c - a, point - a
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    wu, wv = (w * u).sum(-1), (w * v).sum(-1)
    det = (uu * vv - uv * uv).clamp_min(1e-18)
    s, t = (vv * wu - uv * wv) / det, (uu * wv - uv * wu) / det
    weights = torch.stack([1 - s - t, s, t], -1).clamp_min(0)
    return weights / weights.sum(-1, keepdim=True)


def landmarks68(points: SurfacePoints) -> SurfacePoints:
    """Return the iBUG points by their place among the 478."""
    rows = list(IBUG68_FROM_478)
    return SurfacePoints(corners=points.corners[rows], barycentrics=points.barycentrics[rows])
