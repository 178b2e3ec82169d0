"""Random painted heads of the default model, pictured from random sides: what fits are measured on.

Everything is drawn from one generator: identity from the model's prior, sparse expressions, skin,
lips, brows, hair and eyes of random colours with blotches, light, camera and background.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.core.camera import Camera, intrinsics_from_focal
from avatar.core.harmonics import light_from_radiance
from avatar.core.material import srgb_from_linear
from avatar.core.mesh import Mesh, vertex_normals
from avatar.core.transform import Transform, rotation_from_euler
from avatar.head.model import HeadModel
from avatar.head.parts.textures import part_materials
from avatar.render.light import Lamp, Light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene

SIZE = 288


@dataclass(frozen=True, kw_only=True)
class SyntheticFace:
    """A picture (linear RGB) and everything true about it; vertices in the head frame."""

    pixels: Tensor
    camera: Camera
    identity: Tensor
    expression: Tensor
    vertices: Tensor


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """How far faces turn (degrees), how expressive they are and how unusual."""

    yaw: float = 65.0
    pitch: float = 25.0
    roll: float = 15.0
    expression: float = 0.6
    identity: float = 1.0


class SyntheticFaces:
    """Draws faces of one model."""

    def __init__(self, model: HeadModel, generator: torch.Generator) -> None:
        self.model = model
        self.generator = generator
        mesh = Mesh(vertices=model.template, uvs=model.uvs, parts=model.parts)
        self.faces = mesh.faces
        self.scenes = [
            prepare_scene(
                mesh, part_materials(self._color((0.1, 0.06, 0.03), 0.5), torch.ones(3) * 0.03)
            )
            for _ in range(4)
        ]

    def draw(self, ranges: Ranges, identity: Tensor | None = None) -> SyntheticFace:
        """Return a random face; `identity` fixes the person."""
        if identity is None:
            identity = self._normal(self.model.identity_size) * ranges.identity
        expression = random_expression(self.generator, ranges.expression)
        vertices = self.model.vertices(identity, expression)
        camera = self._camera(ranges)
        scene = self.scenes[int(self._uniform(1) * 4)]
        # The template's open sky stands in for everybody's: it takes longest to compute.
        scene = replace(
            scene,
            vertices=vertices,
            normals=vertex_normals(vertices, self.faces),
            vertex_colors=self.colors(),
        )
        options = RenderOptions(light=self._light(), samples=4, tone=False, shadows=False)
        rgba = render_head(scene, camera, options)
        background = self._uniform(3) ** 2
        pixels = (rgba[..., :3] + (1 - rgba[..., 3:]) * background).clamp(0, 1)
        noise = self._normal(*pixels.shape) * (
            0.02 * float(self._uniform(1)) * (pixels + 0.05).sqrt()
        )
        return SyntheticFace(
            pixels=(pixels + noise).clamp(0, 1),
            camera=camera,
            identity=identity,
            expression=expression,
            vertices=vertices,
        )

    def colors(self) -> Tensor:
        """Return per-vertex albedo factors: one for parts that have their own textures."""
        model, template = self.model, self.model.template
        tone = float(self._uniform(1))
        skin = (
            torch.tensor([0.62, 0.40, 0.29]) * (1 - tone) + torch.tensor([0.12, 0.06, 0.035]) * tone
        )
        skin = skin * (1 + 0.12 * self._normal(3))
        blotches = self._noise(template, 0.012) * 0.10 + self._noise(template, 0.05) * 0.12
        color = (
            skin
            * (1 + blotches)[:, None]
            * (1 + 0.05 * self._noise(template, 0.03)[:, None] * torch.tensor([1.0, -0.5, -0.5]))
        )
        lips = self._soft("lips")[:, None] * float(self._uniform(1))
        color = color * (1 - lips * torch.tensor([0.15, 0.5, 0.45]))
        dark = float(self._uniform(1))
        hair = (
            torch.tensor([0.02, 0.014, 0.01]) * (1 - dark) + torch.tensor([0.25, 0.17, 0.09]) * dark
        )
        brows = (self._soft("brows") * (0.5 + 0.5 * float(self._uniform(1)))).clamp(0, 1)[:, None]
        color = color * (1 - brows) + hair * brows
        scalp = (self._soft("scalp") > 0.5).float()[:, None] * float(self._uniform(1) > 0.25)
        color = (
            color * (1 - scalp) + hair * (1 + 0.3 * self._noise(template, 0.006)[:, None]) * scalp
        )
        shade = self._soft("mouth_interior")[:, None] * 0.6
        color = color * (1 - shade)
        parts = torch.ones(len(template), dtype=torch.bool)
        parts[model.part("skin").faces.unique()] = False
        color[parts] = 1.0
        return color.clamp(0.005, 0.95 if not parts.any() else 1.0)

    def _soft(self, region: str) -> Tensor:
        return self.model.region(region).float()

    def _noise(self, points: Tensor, wavelength: float) -> Tensor:
        """Return smooth noise of unit size: a few plane waves."""
        waves = self._normal(24, 3) * (2 * math.pi / wavelength / 2)
        phase = self._uniform(24) * 2 * math.pi
        return (points @ waves.T + phase).sin().sum(1) / math.sqrt(12)

    def _camera(self, ranges: Ranges) -> Camera:
        spread = 2 * self._uniform(3) - 1
        angles = spread * torch.tensor([ranges.pitch, ranges.yaw, ranges.roll]) * math.pi / 180
        flip = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        rotation = flip @ rotation_from_euler(angles[0], angles[1], angles[2])
        distance = 0.35 * float((math.log(2.2 / 0.35) * self._uniform(1)).exp())
        face = SIZE * (0.45 + 0.3 * float(self._uniform(1)))
        focal = face * distance / 0.19
        middle = rotation @ torch.tensor([0.0, -0.035, 0.02])
        shift = (self._uniform(2) - 0.5) * 0.04
        translation = torch.tensor([float(shift[0]), float(shift[1]), distance]) - middle
        return Camera(
            intrinsics=intrinsics_from_focal(focal, SIZE, SIZE),
            camera_from_world=Transform(rotation=rotation, translation=translation),
            width=SIZE,
            height=SIZE,
        )

    def _light(self) -> Light:
        """Return a room of random brightness from every side and sometimes a lamp, well exposed."""
        radiance = torch.zeros(9, 3)
        radiance[0] = 3.5
        radiance[1:] = self._normal(8, 1) * 0.7 + self._normal(8, 3) * 0.15
        environment = light_from_radiance(radiance)
        lamps: tuple[Lamp, ...] = ()
        if float(self._uniform(1)) < 0.5:
            way = torch.nn.functional.normalize(
                self._normal(3) + torch.tensor([0.0, 0.5, 1.0]), dim=0
            )
            power = 0.2 + 1.2 * float(self._uniform(1))
            color = power * (1 + 0.1 * self._normal(3))
            lamps = (Lamp(direction=way, color=tuple(color.tolist()), radius=0.2),)
        return Light(environment=environment * (0.5 + 0.5 * float(self._uniform(1))), lamps=lamps)

    def _color(self, base: tuple[float, float, float], spread: float) -> Tensor:
        return torch.tensor(base) * (spread * self._normal(1)).exp()

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator)


def random_expression(generator: torch.Generator, strength: float) -> Tensor:
    """Return a sparse expression, sides mostly alike, eyes mostly looking the same way."""

    def uniform() -> Tensor:
        return torch.rand(1, generator=generator)

    weights = torch.zeros(52)
    for index, name in enumerate(ARKIT_NAMES):
        if name == "tongueOut" or float(uniform()) > 0.12:
            continue
        weights[index] = strength * uniform() ** 1.3
        mirror = mirrored_name(name)
        if mirror in ARKIT_INDEX and float(uniform()) < 0.7:
            weights[ARKIT_INDEX[mirror]] = weights[index] * (0.8 + 0.2 * uniform())
    jaw = ARKIT_INDEX["jawOpen"]
    if float(uniform()) < 0.25:
        weights[jaw] = strength * uniform()
    closed = ARKIT_INDEX["mouthClose"]
    weights[closed] = torch.minimum(weights[closed], weights[jaw])
    return weights.clamp(0, 1)


def as_shown(pixels: Tensor) -> Tensor:
    """Return a picture as 8-bit sRGB for looking at."""
    return (srgb_from_linear(pixels) * 255 + 0.5).byte()
