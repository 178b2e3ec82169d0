"""Gaussian splats that ride on a head's mesh: what a trained avatar looks like.

Each splat is an ordinary 3D Gaussian at rest, in the head frame, together with the point of the
mesh it hangs on. Everything another program needs to drive it is here and in `pose_splats`:

1. *Code*. The 52 weights and the head's turn go through a tiny network: `c = codes(weights, turn)`,
   every entry in (-1, 1).
2. *Shapes*. `mean = means + bounded(sum_k c_k offset_shapes_k)` and likewise the colour, so that
   wrinkles, lids and the inside of the mouth change with the expression. Both sums are bounded: no
   weights, however wild, move a splat by more than `MOST_OFFSET` metres or change its colour by
   more than `MOST_COLOR`.
3. *Surface*. The mesh is posed by its 52 morphs. With `a` the anchor at rest (`barycentrics` on
   the triangle `corners`), `a'` the posed one, `R` the turn and `s` the stretch of the triangle
   (square root of its area over that at rest, within `STRETCH`), the splat goes to
   `a' + s R (mean - a)`, turned by R and scaled by s.
4. *Bones*. Two rigid transforms move it in the world: the head's, and the torso's. A splat follows
   the head by its `head_shares`: positions blend linearly, quaternions by normalised lerp.

The world is the head frame of the pose in which the person was filmed; `camera` stands in it.

5. *Light*. Where `relighting` is there, a splat's normal turns as it does, by R and its bone. With
   E the `irradiance` of the filmed environment, no less than `DIMMEST` of its mean, the share
   E(turned normal) / E(normal at rest), within `LIGHT_SHARE`, to the power 1 / `DISPLAY_GAMMA`
   multiplies the colour: turned to the window a cheek gets brighter. In another light, the colour
   before that, decoded to linear RGB and divided by its `filmed_light`, is the albedo; what light
   sends back is then the shader's to say (`avatar.render.relight_splats`).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.harmonics import irradiance

MOST_OFFSET = 0.006
"""Metres by which an expression moves a splat on the surface, at most."""

MOST_COLOR = 0.6
"""How much an expression changes a colour channel, at most."""

STRETCH = (0.6, 1.8)
"""Least and most a triangle's stretch scales its splats."""

DIMMEST = 0.15
"""Least light, of an environment's mean, that is taken to reach a splat."""

LIGHT_SHARE = (0.5, 2.0)
"""Least and most a turn changes the filmed light on a splat, as a factor."""

DISPLAY_GAMMA = 2.2
"""What display sRGB is about: shares of light become shares of display values by it."""

LAYERS = ("face", "hair", "eyes", "mouth", "torso")
"""The layers a trained avatar has: skin of head and ears, hair, eyes, inside of the mouth, rest."""


@dataclass(frozen=True, kw_only=True)
class ExpressionCode:
    """A network of one hidden layer from 52 weights and the head's turn to codes in (-1, 1).

    Its input is the weights, then the turn as a rotation vector (radians, the head's from its
    place in the world); both layers end in tanh. What the hidden layer says at neutral, unturned,
    is subtracted, so that there the codes are 0 and the splats are as stored.
    """

    hidden_weights: Float[Tensor, "hidden 55"]
    hidden_bias: Float[Tensor, " hidden"]
    output_weights: Float[Tensor, "codes hidden"]

    def __call__(
        self, weights: Float[Tensor, "52"], turn: Float[Tensor, "3"]
    ) -> Float[Tensor, " codes"]:
        """Return the codes; 0 at neutral."""
        hidden = torch.tanh(self.hidden_weights @ torch.cat([weights, turn]) + self.hidden_bias)
        return torch.tanh(self.output_weights @ (hidden - torch.tanh(self.hidden_bias)))


@dataclass(frozen=True, kw_only=True)
class SplatRelighting:
    """What splats are made of, told apart from the light in which they were filmed.

    `normals` are unit vectors in the head frame at rest; `filmed_light` is what the light sent
    each splat (irradiance over pi, linear RGB, greater than 0), shadows included; `openness` the
    share of the sky it sees, `roughnesses` GGX's as glTF has it, both in [0, 1]. `environment` is
    the filmed light in the world, in the convention of `avatar.core.harmonics`.
    """

    normals: Float[Tensor, "splats 3"]
    filmed_light: Float[Tensor, "splats 3"]
    openness: Float[Tensor, " splats"]
    roughnesses: Float[Tensor, " splats"]
    environment: Float[Tensor, "9 3"]

    def light_on(self, normals: Float[Tensor, "splats 3"]) -> Float[Tensor, "splats 3"]:
        """Return the filmed irradiance over pi on surfaces that face so, `DIMMEST` at least."""
        dimmest = DIMMEST * self.environment[0].detach().clamp_min(1e-3)
        return irradiance(self.environment, normals).maximum(dimmest)

    @cached_property
    def light_at_rest(self) -> Float[Tensor, "splats 3"]:
        """What `light_on` says of the splats at rest."""
        return self.light_on(self.normals)

    def chosen(self, rows: Bool[Tensor, " splats"]) -> "SplatRelighting":
        """Return that of some of the splats."""
        return SplatRelighting(
            normals=self.normals[rows],
            filmed_light=self.filmed_light[rows],
            openness=self.openness[rows],
            roughnesses=self.roughnesses[rows],
            environment=self.environment,
        )


@dataclass(frozen=True, kw_only=True)
class Splats:
    """Gaussians bound to a mesh, as the module's text says how.

    At rest: `means` and `scales` (standard deviations) in metres, `rotations` (x, y, z, w),
    `opacities` in [0, 1], `colors` as they are shown: display sRGB, which is what splats blend in
    everywhere. `corners` index the avatar's vertices. `layers` index `LAYERS`.

    `camera` is the one that filmed the person; `sway` takes the head's deviation from rest
    (rotation vector, then metres) to the torso's.
    """

    means: Float[Tensor, "splats 3"]
    rotations: Float[Tensor, "splats 4"]
    scales: Float[Tensor, "splats 3"]
    opacities: Float[Tensor, " splats"]
    colors: Float[Tensor, "splats 3"]
    corners: Int[Tensor, "splats 3"]
    barycentrics: Float[Tensor, "splats 3"]
    head_shares: Float[Tensor, " splats"]
    layers: Int[Tensor, " splats"]
    code: ExpressionCode
    offset_shapes: Float[Tensor, "codes splats 3"]
    color_shapes: Float[Tensor, "codes splats 3"]
    camera: Camera
    sway: Float[Tensor, "6 6"]
    relighting: SplatRelighting | None = None

    def __len__(self) -> int:
        return len(self.means)

    def chosen(self, rows: Bool[Tensor, " splats"]) -> "Splats":
        """Return some of the splats."""
        own = {
            name: getattr(self, name)[rows]
            for name in (
                *("means", "rotations", "scales", "opacities", "colors"),
                *("corners", "barycentrics", "head_shares", "layers"),
            )
        }
        return replace(
            self,
            **own,
            offset_shapes=self.offset_shapes[:, rows],
            color_shapes=self.color_shapes[:, rows],
            relighting=None if self.relighting is None else self.relighting.chosen(rows),
        )
