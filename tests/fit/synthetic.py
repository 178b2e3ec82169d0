"""A head model without data: an ellipsoid with smooth random modes, and random poses of it."""

import math

import torch

from avatar.core.mesh import MeshPart, SurfacePoints
from avatar.core.transform import Transform, rotation_from_euler
from avatar.fit.state import HeadState, PhotoState
from avatar.head.model import HeadModel, Region

RINGS, SECTORS = 24, 36


def ellipsoid_model(generator, modes=20):
    """An egg 15 cm wide, 22 high, 19 deep; origin where eyes would be; a bump for a nose."""
    polar = torch.linspace(0.02, math.pi - 0.02, RINGS)
    around = torch.arange(SECTORS) * (2 * math.pi / SECTORS)
    p, a = torch.meshgrid(polar, around, indexing="ij")
    unit = torch.stack([p.sin() * a.sin(), p.cos(), p.sin() * a.cos()], -1).reshape(-1, 3)
    nose = torch.exp(-((unit - torch.tensor([0.0, -0.15, 0.98])) ** 2).sum(1) / 0.02)
    template = unit * torch.tensor([0.075, 0.11, 0.095]) - torch.tensor([0.0, 0.02, 0.075])
    template = template + 0.02 * nose[:, None] * torch.tensor([0.0, 0.0, 1.0])
    index = torch.arange(RINGS * SECTORS).reshape(RINGS, SECTORS)
    right = index.roll(-1, 1)
    quads = torch.stack([index[:-1], index[1:], right[1:], right[:-1]], -1).reshape(-1, 4)
    faces = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    identity = _smooth_fields(unit, modes, 2.0, generator)
    identity = identity * (0.004 / torch.arange(1, modes + 1).sqrt())[:, None, None]
    expression = _bumps(unit, generator)
    uvs = torch.stack([a.reshape(-1) / (2 * math.pi), p.reshape(-1) / math.pi], -1)
    points = _front_points(faces, unit, generator)
    regressor = torch.zeros(4, len(unit))
    for joint, target in enumerate(
        [[0.0, -0.1, -0.07], [0.0, -0.05, -0.07], [0.03, 0, 0], [-0.03, 0, 0]]
    ):
        near = ((template - torch.tensor(target)) ** 2).sum(1).argsort()[:30]
        regressor[joint, near] = 1 / 30
    return HeadModel(
        name="ellipsoid",
        licence="none",
        source="tests",
        template=template,
        identity_basis=identity,
        identity_deviations=identity.flatten(1).norm(dim=1),
        identity_variance_kept=1.0,
        expression_basis=expression,
        uvs=uvs,
        parts=(MeshPart(name="skin", faces=faces, uv_faces=faces, material="skin"),),
        joint_names=("neck", "head", "eye_left", "eye_right"),
        parents=(-1, 0, 1, 1),
        joint_regressor=regressor,
        skin_weights=torch.tensor([[0.0, 1, 0, 0]]).repeat(len(unit), 1),
        regions=(Region(name="face", vertices=unit[:, 2] > 0.3),),
        landmarks68=SurfacePoints(
            corners=points.corners[:68], barycentrics=points.barycentrics[:68]
        ),
        landmarks478=points,
    )


def _smooth_fields(unit, count, frequency, generator):
    waves = torch.randn(count, 4, 3, generator=generator) * frequency
    phases = torch.rand(count, 4, generator=generator) * 2 * math.pi
    directions = torch.randn(count, 4, 3, generator=generator)
    values = torch.einsum("kwc,vc->kwv", waves, unit) + phases[..., None]
    return torch.einsum("kwv,kwc->kvc", values.sin(), directions)


def _bumps(unit, generator):
    centres = torch.nn.functional.normalize(
        torch.randn(52, 3, generator=generator) * torch.tensor([0.5, 0.6, 0.1])
        + torch.tensor([0.0, -0.2, 1.0]),
        dim=1,
    )
    moves = torch.randn(52, 3, generator=generator) * 0.012
    weight = torch.exp(-((unit[None] - centres[:, None]) ** 2).sum(2) / 0.02)
    return weight[..., None] * moves[:, None]


def _front_points(faces, unit, generator):
    centre = unit[faces].mean(1)
    front = ((centre[:, 2] > 0.45) & (centre[:, 1].abs() < 0.8)).nonzero()[:, 0]
    chosen = front[torch.randint(len(front), (478,), generator=generator)]
    barycentrics = torch.rand(478, 3, generator=generator) + 0.1
    return SurfacePoints(
        corners=faces[chosen], barycentrics=barycentrics / barycentrics.sum(1, keepdim=True)
    )


def random_state(model, yaws, generator, errors=0):
    """A random person under random poses with sparse random expressions, double precision."""
    photos = []
    for yaw in yaws:
        angles = torch.randn(2, generator=generator) * 0.1
        # The camera's y and z axes run against the head's: half a turn about x.
        rotation = torch.diag(torch.tensor([1.0, -1.0, -1.0])) @ rotation_from_euler(
            angles[0], torch.tensor(yaw), angles[1]
        )
        expression = torch.rand(52, generator=generator)
        expression = torch.where(torch.rand(52, generator=generator) < 0.8, 0.0, expression * 0.7)
        photos.append(
            PhotoState(
                camera_from_head=Transform(
                    rotation=rotation.double(),
                    translation=torch.tensor([0.02, -0.03, 0.6]).double(),
                ),
                log_focal=torch.tensor(900.0).double().log(),
                expression=expression.double(),
                landmark_error=torch.randn(errors, generator=generator).double(),
                width=640,
                height=480,
            )
        )
    identity = torch.randn(model.identity_size, generator=generator).double()
    return HeadState(identity=identity, photos=tuple(photos))
