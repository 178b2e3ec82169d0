"""A finished head made older, heavier, darker: the same person otherwise."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.errors import ModelError, OptionError
from avatar.core.material import Material
from avatar.core.pigments import with_pigments_added
from avatar.create.assemble import rigged_head
from avatar.create.edit_options import EditOptions
from avatar.head.anatomy import settled
from avatar.head.anny.phenotype_axes import YEARS, phenotype_axes
from avatar.head.model import HeadModel
from avatar.head.registry import DEFAULT_MODEL, load_model
from avatar.ops.interpolate import interpolate
from avatar.render.rasterize_uv import dilate, rasterize_uv

SHAPES = ("weight", "muscle", "gender", "african", "asian", "caucasian")

HAIR_HUE, HAIR_DARK = 0.35, 0.9
"""Differences in the logarithm, of hue and downwards in brightness, beyond which skin is hair."""

LEAST_ALBEDO, MOST_ALBEDO = 0.003, 0.95


def edit(avatar: Avatar, options: EditOptions | None = None) -> Avatar:
    """Return a head with its shape, skin tone or detail changed; without options, the same one.

    Age, weight, gender and ancestry add one direction each to the neutral shape, the same for
    everybody: what makes the person stays, and a step is undone by its opposite. Lids, lips,
    morphs and joints are then fitted to the new shape. Tone works on melanin and blood, all over
    the skin; hair and brows keep their colour. Detail scales the normal and the
    displacement map.

    Raises:
        ModelError: a change of shape, and the head is not of the default head model.
        OptionError: the head has splats, which show the person as filmed.
    """
    options = options or EditOptions()
    if avatar.splats is not None and options != EditOptions():
        raise OptionError(
            f"{avatar.info.name}: expected a head without splats, which show the person as "
            "filmed; edit the head that `avatar reconstruct` made"
        )
    amounts = [(name, float(getattr(options, name))) for name in SHAPES]
    amounts.append(("age", options.age / YEARS))
    edited = avatar
    if any(amount for _, amount in amounts):
        model = _own_model(avatar)
        edited = reshaped(edited, model, phenotype_axes().step(amounts))
    if options.tone or options.redness:
        edited = _with_skin(edited, _toned(avatar, options))
    if options.detail != 1:
        edited = _with_skin(edited, _detailed(edited.material("skin"), options.detail))
    return edited


def reshaped(avatar: Avatar, model: HeadModel, identity: Float[Tensor, " modes"]) -> Avatar:
    """Return the head after a step of its model's identity, its rig fitted to the new shape."""
    before = avatar.mesh.vertices
    after = before + torch.tensordot(identity, model.identity_basis, dims=1)
    # A finished head is at rest already: only what the step calls for is settled anew.
    after = after - (settled(model, before) - before)
    rigged = rigged_head(model, after, avatar.materials, avatar.info.name)
    return replace(avatar, mesh=rigged.mesh, rig=rigged.rig)


def _own_model(avatar: Avatar) -> HeadModel:
    if avatar.info.head_model != DEFAULT_MODEL:
        raise ModelError(
            f"{avatar.info.name}: expected a head of the model {DEFAULT_MODEL!r}, whose ages and "
            f"weights are known, got one of {avatar.info.head_model!r}; reconstruct it with "
            f"--model {DEFAULT_MODEL}"
        )
    model = load_model(DEFAULT_MODEL)
    if avatar.mesh.vertices.shape != model.template.shape:
        raise ModelError(
            f"{avatar.info.name}: expected {len(model.template)} vertices, got "
            f"{len(avatar.mesh.vertices)}; it was made by another version, reconstruct it again"
        )
    return model


def _toned(avatar: Avatar, options: EditOptions) -> Material:
    """Return the skin with pigments added where it is bare; its map, or its plain colour."""
    skin = avatar.material("skin")
    if skin.base_color_map is None:
        color = torch.tensor(skin.base_color[:3])
        red, green, blue = _pigmented(color, color.new_ones(()), options).tolist()
        return replace(skin, base_color=(red, green, blue, skin.base_color[3]))
    colors = skin.base_color_map
    bare = _bare(avatar, colors[..., :3])
    changed = _pigmented(colors[..., :3], bare, options)
    return replace(skin, base_color_map=torch.cat([changed, colors[..., 3:]], -1))


def _pigmented(
    albedo: Float[Tensor, "*batch 3"], share: Float[Tensor, "*batch"], options: EditOptions
) -> Float[Tensor, "*batch 3"]:
    changed = with_pigments_added(albedo, options.tone * share, options.redness * share)
    return changed.clamp(LEAST_ALBEDO, MOST_ALBEDO)


def _bare(avatar: Avatar, colors: Float[Tensor, "size size 3"]) -> Float[Tensor, "size size"]:
    """Return how much of each texel is bare skin and not hair, with soft borders.

    The face's middle is; elsewhere what has the middle's hue, and is not much darker. Texels, not
    regions, tell: hair may fall over a forehead, and a scalp may be bald.
    """
    middle = _middle(avatar, colors.shape[0]).to(colors)
    logs = colors.clamp_min(1e-3).log()
    hue = torch.stack([logs[..., 0] - logs[..., 1], logs[..., 1] - logs[..., 2]], -1)
    sure = middle > 0.99
    if not bool(sure.any()):
        return torch.ones_like(middle)
    off = ((hue - hue[sure].median(0).values) / HAIR_HUE).norm(dim=-1)
    dark = (logs[sure][:, 1].median() - logs[..., 1]) / HAIR_DARK
    skin = 1 - (torch.maximum(off, dark) - 0.5).clamp(0, 1)
    reach = max(1, colors.shape[0] // 512)
    soft = torch.nn.functional.avg_pool2d(skin[None, None], 2 * reach + 1, 1, reach)[0, 0]
    return middle + (1 - middle) * soft


def _middle(avatar: Avatar, size: int) -> Float[Tensor, "size size"]:
    """Return the texels of cheeks, nose, lips, lids and chin: 1 there, falling to 0 outside."""
    part = avatar.mesh.part("skin")
    share = torch.ones_like(avatar.mesh.vertices[:, :1])
    if avatar.info.head_model == DEFAULT_MODEL:
        model = load_model(DEFAULT_MODEL)
        share = torch.zeros_like(share)
        for name in ("cheeks", "nose", "lips", "eyelids", "chin"):
            share[model.region(name) & ~model.region("brows")] = 1.0
    fragments = rasterize_uv(avatar.mesh.uvs, part.uv_faces, size)
    drawn = interpolate(fragments, part.faces, share)
    return dilate(drawn, fragments.covered.flatten().nonzero()[:, 0])[..., 0]


def _detailed(skin: Material, strength: float) -> Material:
    """Return the skin with the slopes and heights of its maps so many times as great."""
    if skin.displacement_map is not None:
        skin = replace(skin, displacement_map=strength * skin.displacement_map)
    if skin.normal_map is None:
        return skin
    normal = 2 * skin.normal_map - 1
    slope = strength * normal[..., :2] / normal[..., 2:].clamp_min(0.05)
    steep = torch.cat([slope, torch.ones_like(slope[..., :1])], -1)
    return replace(skin, normal_map=(torch.nn.functional.normalize(steep, dim=-1) + 1) / 2)


def _with_skin(avatar: Avatar, skin: Material) -> Avatar:
    others = tuple(skin if own.name == "skin" else own for own in avatar.materials)
    return replace(avatar, materials=others)
