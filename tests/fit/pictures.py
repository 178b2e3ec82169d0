"""Observations of a known person: pictures drawn from the model itself, landmarks with errors."""

import math

import torch

from avatar.capture.observation import Observation, Photo
from avatar.capture.topology import MIRRORED
from avatar.core.camera import Camera, intrinsics_from_focal
from avatar.core.transform import Transform, rotation_from_euler
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh

WIDTH, HEIGHT, FOCAL = 320, 400, 700.0


def picture_of(model, vertices, albedo, yaw, landmark_error):
    """One picture, lit evenly. `landmark_error` (478, 3) moves landmarks in the head, metres."""
    rotation = torch.diag(torch.tensor([1.0, -1.0, -1.0])) @ rotation_from_euler(
        torch.tensor(0.05), torch.tensor(math.radians(yaw)), torch.tensor(0.0)
    )
    pose = Transform(rotation=rotation, translation=torch.tensor([0.0, -0.03, 0.6]))
    camera = Camera(
        intrinsics=intrinsics_from_focal(FOCAL, WIDTH, HEIGHT),
        camera_from_world=pose,
        width=WIDTH,
        height=HEIGHT,
    )
    faces = model.part("skin").faces
    places, depths = camera.project(vertices)
    fragments = rasterize_mesh(places, depths, faces, HEIGHT, WIDTH)
    pixels = interpolate(fragments, faces, albedo[:, None].expand(-1, 3))
    landmarks, depth = camera.project(model.landmarks478.on(vertices) + landmark_error)
    low, high = landmarks.amin(0), landmarks.amax(0)
    return Observation(
        photo=Photo(pixels=pixels, name=f"{yaw}"),
        landmarks=landmarks,
        landmark_depths=FOCAL * (depth - depth.mean()) / 0.6,
        confidences=torch.ones(478),
        box=torch.cat([low, high]),
        score=1.0,
        matte=(fragments.triangles >= 0).float(),
        matte_confidence=1.0,
    )


def mirrored(seen):
    """The same observation in a mirror."""
    landmarks = seen.landmarks[list(MIRRORED)]
    flipped = torch.stack([seen.photo.width - 1 - landmarks[:, 0], landmarks[:, 1]], 1)
    low, high = flipped.amin(0), flipped.amax(0)
    return Observation(
        photo=Photo(pixels=seen.photo.pixels.flip(1), name=seen.photo.name),
        landmarks=flipped,
        landmark_depths=seen.landmark_depths[list(MIRRORED)],
        confidences=seen.confidences[list(MIRRORED)],
        box=torch.cat([low, high]),
        score=1.0,
        matte=seen.matte.flip(1),
        matte_confidence=1.0,
    )
