"""Pictures for volume: geometry, albedo, roughness and normals by the rasteriser, then light."""

import io
from dataclasses import dataclass

import numpy as np
import torch
from families import Family
from PIL import Image
from props import Prop
from surroundings import Surroundings
from torch import Tensor
from torch.nn import functional
from wardrobe import Paint

from avatar.core.camera import Camera
from avatar.core.harmonics import sh_basis
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.mesh import MeshPart, vertex_normals
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh
from avatar.render.light import Lamp
from avatar.render.openness import lamp_share

OVERSAMPLED = 1.1
PLAIN = {
    "teeth": (0.55, 0.50, 0.40),
    "gums": (0.35, 0.14, 0.12),
    "tongue": (0.40, 0.16, 0.15),
    "conjunctiva": (0.5, 0.25, 0.22),
}
"""Linear colours of parts that show little."""

UNSEEN = ("cornea", "lashes")
BLEED = (0.25, 0.10, 0.06)
"""How far past the terminator light of each colour reaches in skin, as a cosine."""


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What a picture shows, before light (height, width, ...): everything linear, unit normals.

    `skin` is the share of each pixel that is bare skin of the head; `hidden` that of occluders.
    """

    albedo: Tensor
    normals: Tensor
    roughness: Tensor
    openness: Tensor
    shadow: Tensor
    towards: Tensor
    skin: Tensor
    hidden: Tensor
    covered: Tensor


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A posed head with all it wears; `openness` is the open sky over each of its vertices."""

    family: Family
    vertices: Tensor
    paint: Paint
    openness: Tensor
    props: tuple[Prop, ...]


@dataclass(frozen=True, kw_only=True)
class _Assembly:
    """Head and props as one mesh; `kinds` number each triangle's part or, after those, prop."""

    parts: tuple[MeshPart, ...]
    vertices: Tensor
    faces: Tensor
    uv_faces: Tensor
    kinds: Tensor
    colors: Tensor


def draw_layers(subject: Subject, camera: Camera, lamp: Tensor | None) -> Layers:
    """Rasterise a subject at `OVERSAMPLED` times the camera's size; `lamp` casts a shadow."""
    wide = camera.resized(round(camera.width * OVERSAMPLED), round(camera.height * OVERSAMPLED))
    whole = _assembled(subject)
    normals = vertex_normals(whole.vertices, whole.faces)
    pixels, depths = wide.project(whole.vertices)
    fragments = rasterize_mesh(pixels, depths, whole.faces, wide.height, wide.width)
    share = torch.ones(len(whole.vertices))
    if lamp is not None:
        lit = Lamp(direction=lamp, color=(1.0, 1.0, 1.0), radius=0.06)
        share = lamp_share(whole.vertices, normals, whole.faces, lit)
    own = torch.cat([subject.openness, torch.ones(len(share) - len(subject.openness))])
    table = [whole.vertices, normals, own[:, None], share[:, None], whole.colors]
    seen = interpolate(fragments, whole.faces, torch.cat(table, 1))
    kind = torch.where(fragments.covered, whole.kinds[fragments.triangles.clamp_min(0)], -1)
    uv = interpolate(fragments, whole.uv_faces, subject.family.model.uvs)
    albedo, rough = _materials(subject, whole, kind, uv)
    props = kind >= len(whole.parts)
    albedo[props] = seen[..., 8:][props]
    # Props are open sheets: seen from behind they face us as well.
    normal = functional.normalize(seen[..., 3:6], dim=-1)
    towards = functional.normalize(wide.position_in_world - seen[..., :3], dim=-1)
    away = (normal * towards).sum(-1, keepdim=True) < 0
    is_skin = torch.tensor([part.material == "skin" for part in whole.parts])
    is_skin = torch.cat([is_skin, torch.zeros(len(subject.props) + 1, dtype=torch.bool)])
    hides = torch.tensor([False] * len(whole.parts) + [p.occludes for p in subject.props] + [False])
    return Layers(
        albedo=albedo,
        normals=torch.where(away & props[..., None], -normal, normal),
        roughness=rough,
        openness=seen[..., 6],
        shadow=seen[..., 7],
        towards=towards,
        skin=is_skin[kind].float(),
        hidden=hides[kind].float(),
        covered=fragments.covered.float(),
    )


def _assembled(subject: Subject) -> _Assembly:
    model, props = subject.family.model, subject.props
    parts = tuple(part for part in model.parts if not part.material.startswith(UNSEEN))
    starts = torch.tensor([len(subject.vertices), *(len(prop.vertices) for prop in props)])
    moved = [p.faces + start for p, start in zip(props, starts.cumsum(0), strict=False)]
    faces = [*(part.faces for part in parts), *moved]
    sizes = torch.tensor([len(own) for own in faces])
    return _Assembly(
        parts=parts,
        vertices=torch.cat([subject.vertices, *(prop.vertices for prop in props)]),
        faces=torch.cat(faces),
        uv_faces=torch.cat([*(p.uv_faces for p in parts), *(0 * p.faces for p in props)]),
        kinds=torch.repeat_interleave(torch.arange(len(sizes)), sizes),
        colors=torch.cat([torch.zeros_like(subject.vertices), *(prop.colors for prop in props)]),
    )


def _materials(
    subject: Subject, whole: _Assembly, kind: Tensor, uv: Tensor
) -> tuple[Tensor, Tensor]:
    """Return each pixel's albedo, that of props left out, and roughness."""
    paint = subject.paint
    albedo = torch.zeros(*kind.shape, 3)
    rough = torch.full(kind.shape, 0.5)
    for number, part in enumerate(whole.parts):
        here = kind == number
        if part.material == "skin":
            albedo[here] = _sampled(paint.albedo, uv[here])
            rough[here] = _sampled(paint.roughness[..., None], uv[here])[:, 0]
        elif part.material == "eye":
            albedo[here], rough[here] = _sampled(paint.eye, uv[here])[:, :3], 0.08
        else:
            albedo[here], rough[here] = torch.tensor(PLAIN[part.material]), 0.35
    for number, prop in enumerate(subject.props, start=len(whole.parts)):
        rough[kind == number] = prop.roughness
    return albedo, rough


def shaded(layers: Layers, around: Surroundings) -> Tensor:
    """Return the linear picture: harmonics for the even light, GGX and a soft cosine for lobes."""
    normal, towards = layers.normals, layers.towards
    cosine = (normal * towards).sum(-1).clamp(0.02, 1)
    # A rough surface hardly gains at grazing angles (Karis 2014).
    fresnel = 0.04 + 0.3 * (1 - layers.roughness) ** 2 * (1 - cosine) ** 5
    even = around.even_light
    opened = layers.openness[..., None]
    matte = (sh_basis(normal) @ even).clamp_min(0) * opened / (1 - layers.albedo * (1 - opened))
    mirror = 2 * cosine[..., None] * normal - towards
    gloss = (sh_basis(mirror) @ even).clamp_min(0) * (fresnel * layers.openness)[..., None]
    bleed = torch.tensor(BLEED) * layers.skin[..., None]
    for number, lobe in enumerate(around.lobes):
        shadow = layers.shadow[..., None] if number == 0 else opened.sqrt()
        facing = (normal @ lobe.direction)[..., None]
        soft = ((facing + bleed) / (1 + bleed)).clamp_min(0) * (1 - bleed)
        matte = matte + lobe.irradiance * soft * shadow
        half = functional.normalize(lobe.direction + towards, dim=-1)
        peak = (normal * half).sum(-1).clamp(0, 1)
        alpha = (layers.roughness**2 + 0.7 / lobe.sharpness).clamp(0.02, 1)
        spread = (alpha / ((peak * peak) * (alpha**2 - 1) + 1)) ** 2
        lit = facing[..., 0].clamp(0, 1)
        strength = spread * fresnel * lit / (4 * (cosine * lit.clamp_min(0.1)).clamp_min(0.05))
        gloss = gloss + lobe.irradiance * strength[..., None].clamp_max(4) * shadow
    return layers.albedo * matte * (1 - fresnel[..., None]) + gloss


def backdrop(size: int, around: Surroundings, generator: torch.Generator) -> Tensor:
    """Return what is behind: a plain wall, a gradient or coloured blotches, linear."""
    draw = torch.rand(8, generator=generator)
    grey = draw[:3].mean()
    wall = (grey + (draw[:3] - grey) * float(draw[6])) ** 2 * 0.8 * around.even.mean((0, 1))
    if float(draw[3]) < 0.3:
        return wall.expand(size, size, 3)
    cells = 2 + int(14 * float(draw[4]) ** 2)
    blotches = torch.rand(1, 3, cells, cells, generator=generator) ** 2
    blotches = blotches.lerp(blotches.mean(1, keepdim=True), float(draw[7]))
    mixed = functional.interpolate(blotches, (size, size), mode="bicubic", align_corners=False)
    return (0.4 * wall + 0.8 * mixed[0].permute(1, 2, 0) * float(draw[5])).clamp(0, 4)


def developed(linear: Tensor, skin: Tensor, generator: torch.Generator) -> tuple[Tensor, float]:
    """Return the 8-bit sRGB picture a camera makes, and the factor of its exposure.

    Exposed for the face, white-balanced more or less, blurred, with photon and reading noise, and
    compressed as JPEG at times.
    """
    draw = torch.rand(8, generator=generator)
    weight = skin[..., None]
    face = (linear * weight).sum((0, 1)) / weight.sum().clamp_min(1)
    key = float(0.10 + 0.28 * draw[0]) / max(float(face.mean()), 1e-4)
    picture = linear * key * (1 + 0.12 * (torch.rand(3, generator=generator) - 0.5))
    picture = picture.permute(2, 0, 1)[None]
    if float(draw[1]) < 0.35:
        picture = _blurred(picture, 0.3 + 1.2 * float(draw[2]))
    if float(draw[3]) < 0.25:
        small = max(72, round(picture.shape[-1] * (0.35 + 0.5 * float(draw[4]))))
        less = functional.interpolate(picture, (small, small), mode="bilinear", antialias=True)
        picture = functional.interpolate(less, picture.shape[-2:], mode="bicubic")
    picture = picture[0].permute(1, 2, 0).clamp_min(0)
    noise = (4e-4 * float(draw[5]) ** 2 * (picture + 0.03)).sqrt()
    picture = picture + noise * torch.randn(picture.shape, generator=generator)
    shown = (srgb_from_linear(picture) * 255 + 0.5).byte()
    if float(draw[6]) < 0.7:
        shown = _compressed(shown, 35 + int(60 * float(draw[7])))
    return shown, key


def shrunk(picture: Tensor, size: int) -> Tensor:
    """Return an oversampled picture (height, width, channels) at its final size."""
    small = functional.interpolate(
        picture.permute(2, 0, 1)[None], (size, size), mode="bilinear", antialias=True
    )
    return small[0].permute(1, 2, 0)


def linear_of(shown: Tensor) -> Tensor:
    """Return an 8-bit picture as linear RGB."""
    return linear_from_srgb(shown.float() / 255)


def _compressed(shown: Tensor, quality: int) -> Tensor:
    stream = io.BytesIO()
    Image.fromarray(shown.numpy()).save(stream, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(stream)))


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    reach = torch.arange(-4, 5).float()
    kernel = torch.exp(-0.5 * (reach / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    padded = functional.pad(picture, (4, 4, 4, 4), mode="replicate")
    once = functional.conv2d(padded, kernel[:, :, None], groups=3)
    return functional.conv2d(once, kernel[..., None], groups=3)


def _sampled(texture: Tensor, uv: Tensor) -> Tensor:
    grid = (2 * uv - 1)[None, None]
    picture = texture.permute(2, 0, 1)[None]
    found = functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)
    return found[0, :, 0].T
