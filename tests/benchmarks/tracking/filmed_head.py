"""Films an ICT-FaceKit head, no relative of the tracked model, whose every move is known."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.read_video import VideoFrame
from avatar.core.camera import Camera, focal_from_fov
from avatar.core.mesh import Mesh, vertex_normals
from avatar.core.transform import Transform, rotation_from_euler
from avatar.head.ict.load import load_ict
from avatar.head.model import HeadModel
from avatar.head.parts.textures import part_materials
from avatar.render.light import Lamp, Light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tone import backdrop, composite, to_bytes
from tests.benchmarks.geometry.ict_heads import load_ict_heads
from tests.benchmarks.geometry.sampling import random_identity
from tests.benchmarks.geometry.skin import random_look, skin_albedo

SIZE, FOV = 384, 28.0


@dataclass(frozen=True, kw_only=True)
class Take:
    """The truth of a film: 52 coefficients and poses (metres, OpenCV camera frame) over time."""

    times: Float[Tensor, " frames"]
    weights: Float[Tensor, "frames 52"]
    camera_from_head: Transform


def take_of(times: Tensor, weights: Tensor, rotations: Tensor) -> Take:
    """Return a performance in front of a camera the head also moves towards and away from.

    `rotations` are the head's turns in its own frame (+Z towards the camera).
    """
    facing = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    phase = 2 * math.pi * times
    place = torch.stack(
        [
            0.03 * torch.sin(phase / 5),
            0.02 * torch.sin(phase / 3.3) - 0.01,
            0.6 + 0.05 * torch.sin(phase / 7),
        ],
        1,
    )
    return Take(
        times=times,
        weights=weights,
        camera_from_head=Transform(rotation=facing @ rotations, translation=place),
    )


class FilmedHead:
    """One painted person of ICT-FaceKit."""

    def __init__(self, archive: Path, seed: int) -> None:
        rng = np.random.default_rng([11, seed])
        self.model: HeadModel = load_ict(archive)
        count = self.model.identity_size
        self.identity = torch.from_numpy(random_identity(rng, count)).float()
        self._scene = self._painted(archive, rng)
        focal = focal_from_fov(FOV, SIZE)
        middle = (SIZE - 1) / 2
        self._camera = Camera(
            intrinsics=torch.tensor([[focal, 0, middle], [0, focal, middle], [0, 0, 1.0]]),
            camera_from_world=Transform.identity(),
            width=SIZE,
            height=SIZE,
        )

    def film(self, take: Take) -> Iterator[VideoFrame]:
        """Give the frames; the light wanders while the head plays."""
        ground = backdrop(SIZE, SIZE)
        faces = torch.cat(
            [self._scene.opaque.faces, *(layer.faces for layer in self._scene.layers)]
        )
        for index, time in enumerate(take.times.tolist()):
            vertices = self.model.vertices(self.identity, take.weights[index])
            scene = replace(self._scene, vertices=vertices, normals=vertex_normals(vertices, faces))
            pose = Transform(
                rotation=take.camera_from_head.rotation[index],
                translation=take.camera_from_head.translation[index],
            )
            camera = replace(self._camera, camera_from_world=pose)
            options = RenderOptions(samples=4, shadows=False, light=_wandering(time, pose))
            picture = composite(render_head(scene, camera, options), ground)
            yield VideoFrame(pixels=to_bytes(picture), time=time)

    def _painted(self, archive: Path, rng: np.random.Generator) -> Scene:
        model, heads = self.model, load_ict_heads(archive)
        look = random_look(rng)
        neutral = heads.source.neutral
        points = model.template.double().numpy() * 100 + heads.origin(neutral)
        paint = torch.from_numpy(
            skin_albedo(points, neutral[heads.source.landmarks68], look).copy()
        ).float()
        colors = torch.ones_like(model.template)
        skin = model.part("skin").faces.unique()
        colors[skin] = paint[skin]
        materials = part_materials(torch.tensor(look.iris), torch.tensor(look.hair))
        mesh = Mesh(vertices=model.vertices(self.identity), uvs=model.uvs, parts=model.parts)
        return prepare_scene(mesh, materials, vertex_colors=colors)


def _wandering(time: float, camera_from_head: Transform) -> Light:
    """Return a lamp that circles slowly before the face, and even light that breathes."""
    azimuth, breath = 0.8 * math.sin(time / 1.7), 1 + 0.25 * math.sin(time / 1.1)
    in_room = rotation_from_euler(
        torch.tensor(-0.5), torch.tensor(azimuth), torch.tensor(0.0)
    ) @ torch.tensor([0.0, 0.0, 1.0])
    facing = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    direction = (facing @ camera_from_head.rotation).T @ in_room
    environment = torch.zeros(9, 3)
    environment[0] = 0.75 * breath
    lamp = Lamp(direction=direction, color=(0.7, 0.67, 0.62))
    return Light(environment=environment, lamps=(lamp,))
