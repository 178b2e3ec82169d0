"""The default materials of the parts beside the skin."""

from jaxtyping import Float
from torch import Tensor

from avatar.core.material import Material
from avatar.head.parts.eye_texture import conjunctiva_texture, eye_roughness, eye_texture
from avatar.head.parts.lash_texture import lash_texture
from avatar.head.parts.mouth_textures import teeth_texture, tongue_texture

__all__ = ["eye_texture", "lash_texture", "part_materials", "teeth_texture", "tongue_texture"]


def part_materials(
    iris_color: Float[Tensor, "3"],
    hair_color: Float[Tensor, "3"],
    sclera_color: Float[Tensor, "3"] | None = None,
) -> tuple[Material, ...]:
    """Return the materials of all parts but the skin, by the parts' names; colours linear RGB.

    Without a `sclera_color` the white of the eyes is the usual one.
    """
    return (
        Material(
            name="eye",
            base_color_map=eye_texture(iris_color, sclera_color),
            roughness=1.0,
            roughness_map=eye_roughness(),
        ),
        # Clear, but a viewer weighs its highlight with its opacity, so not quite.
        Material(
            name="cornea", base_color=(0.02, 0.02, 0.02, 0.1), roughness=0.04, alpha_mode="blend"
        ),
        Material(name="teeth", base_color_map=teeth_texture(), roughness=0.4),
        Material(name="tongue", base_color_map=tongue_texture(), roughness=0.35),
        Material(name="conjunctiva", base_color_map=conjunctiva_texture(), roughness=0.25),
        Material(
            name="lashes",
            base_color_map=lash_texture(hair_color),
            roughness=0.6,
            alpha_mode="blend",
            double_sided=True,
        ),
    )
