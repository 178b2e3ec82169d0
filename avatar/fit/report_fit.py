"""Package a fit's shape with what follows from it: light, albedo, visibility, gaze, residuals."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.harmonics import sh_basis
from avatar.core.material import LUMINANCE
from avatar.core.mesh import vertex_normals
from avatar.core.transform import Transform
from avatar.fit.gaze import eyes_at_rest, fit_gaze
from avatar.fit.head_fit import HeadFit, PhotoFit
from avatar.fit.light import (
    USUAL_ALBEDO,
    VertexColors,
    skin_balance,
    solve_albedo,
    solve_light,
    vertex_colors,
)
from avatar.fit.state import HeadState, PhotoState
from avatar.fit.visible import occluders, vertex_visibility
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the stages solve for: the coefficients and free-form offsets (metres)."""

    state: HeadState
    offsets: Float[Tensor, "verts 3"]


def head_fit(observations: Sequence[Observation], model: HeadModel, shape: Shape) -> HeadFit:
    """Return the finished fit of a shape; light and albedo are solved in turns."""
    neutral = model.vertices(shape.state.identity.float()) + shape.offsets
    pairs = list(zip(observations, shape.state.photos, strict=True))
    posed = [neutral + _displacement(model, photo) for _, photo in pairs]
    faces = occluders(model)
    cameras = [single_precision(photo) for _, photo in pairs]
    visible = [
        vertex_visibility(vertices, faces, photo.camera)
        for vertices, photo in zip(posed, cameras, strict=True)
    ]
    seen = [
        face_colors(model, observation, photo, vertices, cosine)
        for (observation, _), photo, vertices, cosine in zip(
            pairs, cameras, posed, visible, strict=True
        )
    ]
    lights, albedo = light_and_albedo(seen)
    eyes = eyes_at_rest(model, neutral)
    photos: list[PhotoFit] = []
    for index, (observation, photo) in enumerate(pairs):
        landmarks, residual = _landmarks(model, observation, cameras[index], posed[index])
        photos.append(
            PhotoFit(
                name=observation.photo.name,
                camera=cameras[index].camera,
                expression=cameras[index].expression,
                gaze=fit_gaze(observation, photo, eyes).float(),
                light=lights[index],
                visibility=visible[index],
                landmarks=landmarks,
                landmark_residual=residual,
                landmark_residual_relative=residual / float(observation.inter_iris_distance),
            )
        )
    return HeadFit(
        model=model,
        identity=shape.state.identity.float(),
        offsets=shape.offsets,
        albedo=albedo,
        photos=tuple(photos),
    )


def light_and_albedo(
    seen: Sequence[VertexColors], rounds: int = 3
) -> tuple[list[Float[Tensor, "9 3"]], Float[Tensor, "verts 3"]]:
    """Return each photo's light and the shared albedo, whose mean luminance is the usual one."""
    first = seen[0].colors
    albedo = torch.full_like(first, USUAL_ALBEDO)
    lights = [solve_light(photo, albedo) for photo in seen]
    for _ in range(rounds):
        albedo, weight = solve_albedo(seen, lights)
        known = weight > 0
        average = _weighted_mean(albedo, weight)
        if not bool(known.any()) or float(average.sum()) <= 0:
            return lights, torch.full_like(first, USUAL_ALBEDO)
        albedo = torch.where(known[:, None], albedo, average)
        # Blotches stay albedo; slow changes are rather light, so albedo is pulled to its mean.
        albedo = 0.5 * albedo + 0.5 * average
        scale = USUAL_ALBEDO / (average @ average.new_tensor(LUMINANCE))
        lights = [solve_light(photo, albedo * scale) for photo in seen]
    albedo, weight = solve_albedo(seen, lights)
    known = (weight > 0)[:, None]
    return _settled(seen, lights, torch.where(known, albedo, _weighted_mean(albedo, weight)))


def _settled(
    seen: Sequence[VertexColors],
    lights: list[Float[Tensor, "9 3"]],
    albedo: Float[Tensor, "verts 3"],
) -> tuple[list[Float[Tensor, "9 3"]], Float[Tensor, "verts 3"]]:
    """Settle the one factor per channel that light and albedo share.

    Cameras balance their whites, so light that is white on average is the best guess. And they
    balance exposure, but not for a face alone: half of what a face is darker or brighter than
    usual (in stops) is believed to be its albedo, the other half the light.
    """
    shadings = [
        _weighted_mean(sh_basis(photo.normals) @ light, photo.weights)
        for photo, light in zip(seen, lights, strict=True)
    ]
    factor = torch.stack([shading / shading.mean().clamp_min(1e-9) for shading in shadings]).mean(0)
    shown = torch.stack([_weighted_mean(photo.colors, photo.weights) for photo in seen]).mean(0)
    weight = torch.stack([photo.weights for photo in seen]).sum(0)
    factor = factor * skin_balance(_weighted_mean(albedo * factor, weight))
    luminance = shown.new_tensor(LUMINANCE)
    now = _weighted_mean(albedo * factor, weight) @ luminance
    wanted = (USUAL_ALBEDO * (shown @ luminance)).sqrt().clamp(0.05, 0.6)
    factor = (factor * wanted / now.clamp_min(1e-9)).clamp_min(1e-3)
    return [light / factor for light in lights], (albedo * factor).clamp(0.005, 0.95)


def face_colors(
    model: HeadModel,
    observation: Observation,
    photo: PhotoState,
    vertices: Float[Tensor, "verts 3"],
    cosine: Float[Tensor, " verts"],
) -> VertexColors:
    """Return what a photo shows at the vertices of the face; others have weight 0."""
    colors = vertex_colors(observation.photo.pixels, photo.camera, vertices)
    face = model.region("face").float()
    # Burnt-out and black pixels say nothing of albedo.
    exposed = ((colors.amax(1) < 0.98) & (colors.amin(1) > 0.002)).float()
    return VertexColors(
        colors=colors,
        normals=vertex_normals(vertices, model.part("skin").faces),
        weights=face * exposed * (cosine - 0.2).clamp_min(0),
    )


def single_precision(photo: PhotoState) -> PhotoState:
    """Return the photo's unknowns as the rest of the package keeps them."""
    pose = photo.camera_from_head
    return PhotoState(
        camera_from_head=Transform(
            rotation=pose.rotation.float(), translation=pose.translation.float()
        ),
        log_focal=photo.log_focal.float(),
        expression=photo.expression.float(),
        landmark_error=photo.landmark_error.float(),
        width=photo.width,
        height=photo.height,
    )


def _weighted_mean(
    values: Float[Tensor, "verts 3"], weights: Float[Tensor, " verts"]
) -> Float[Tensor, "3"]:
    return (weights[:, None] * values).sum(0) / weights.sum().clamp_min(1e-9)


def _displacement(model: HeadModel, photo: PhotoState) -> Float[Tensor, "verts 3"]:
    return torch.tensordot(photo.expression.float(), model.expression_basis, dims=1)


def _landmarks(
    model: HeadModel, seen: Observation, photo: PhotoState, vertices: Float[Tensor, "verts 3"]
) -> tuple[Float[Tensor, "478 2"], float]:
    points = model.landmarks478
    if points is None:
        raise AssertionError("stage 1 refuses models without landmarks")
    projected, _ = photo.camera.project(points.on(vertices))
    return projected, float((projected - seen.landmarks).norm(dim=1).mean())
