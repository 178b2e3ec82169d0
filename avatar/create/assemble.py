"""From a fit and its maps to the finished avatar."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.material import Material
from avatar.core.mesh import Mesh
from avatar.core.rig import Rig
from avatar.core.version import own_version
from avatar.fit.head_fit import HeadFit
from avatar.head.anatomy import personal_morphs, settled
from avatar.head.model import HeadModel
from avatar.head.parts.textures import part_materials
from avatar.maps.eyes import EyeColors
from avatar.maps.reflectance import ReflectanceMaps
from avatar.maps.skin import SkinMaps

OILY_INDEX, OILY_SPECULAR = 1.48, 1.35
"""Index of refraction of the glossiest skin, and how much more it mirrors than usual skin (1.4)."""

UNKNOWN_PART = (0.6, 0.55, 0.5)
"""Linear RGB of a part for which no texture is known, as in head models of other makers."""


def assemble_avatar(fit: HeadFit, skin: SkinMaps, eyes: EyeColors, name: str) -> Avatar:
    """Return the avatar: neutral mesh, the person's own morphs and joints, materials.

    Args:
        fit: the fitted head.
        skin: the skin's maps.
        eyes: the colours of the eyes.
        name: what to call the avatar.
    """
    return rigged_head(fit.model, fit.neutral_vertices, _materials(fit, skin, eyes), name)


def with_maps(avatar: Avatar, maps: ReflectanceMaps) -> Avatar:
    """Return the avatar with all maps of its skin."""
    own = replace(
        avatar.material("skin"),
        ior=OILY_INDEX,
        specular_map=(maps.specular / OILY_SPECULAR).clamp(0, 1),
        occlusion_map=maps.occlusion,
        displacement_map=maps.displacement,
        confidence_map=maps.skin.confidence,
    )
    others = [own if material.name == "skin" else material for material in avatar.materials]
    return replace(avatar, materials=tuple(others))


def rigged_head(
    model: HeadModel,
    neutral: Float[Tensor, "verts 3"],
    materials: tuple[Material, ...],
    name: str,
) -> Avatar:
    """Return the avatar of a neutral shape (metres, head frame): lids, lips and morphs fit it."""
    vertices = settled(model, neutral)
    rig = Rig(
        morphs=personal_morphs(model, vertices),
        joint_names=model.joint_names,
        parents=model.parents,
        joint_positions=model.joint_regressor @ vertices,
        skin_weights=model.skin_weights,
    )
    return Avatar(
        info=AvatarInfo(
            name=name,
            head_model=model.name,
            licence=model.licence,
            generator=f"avatar {own_version()}",
        ),
        mesh=Mesh(vertices=vertices, uvs=model.uvs, parts=model.parts),
        rig=rig,
        materials=materials,
        landmarks68=model.landmarks68,
    )


def _materials(fit: HeadFit, skin: SkinMaps, eyes: EyeColors) -> tuple[Material, ...]:
    own = Material(
        name="skin",
        base_color_map=skin.albedo,
        roughness=1.0,
        roughness_map=skin.roughness,
        normal_map=skin.normals,
    )
    used = {part.material for part in fit.model.parts}
    others = part_materials(eyes.iris, skin.hair_color, eyes.sclera)
    found = {material.name: material for material in others}
    found["skin"] = own
    return tuple(
        found.get(name, Material(name=name, base_color=(*UNKNOWN_PART, 1.0)))
        for name in sorted(used)
    )
