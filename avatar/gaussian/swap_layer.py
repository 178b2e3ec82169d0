"""One person's hair, clothes or another layer worn by another."""

from dataclasses import fields, replace

import torch
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.errors import OptionError
from avatar.core.harmonics import irradiance
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.mesh import SurfacePoints
from avatar.core.splats import DIMMEST, LAYERS, SplatRelighting, Splats

_LIGHT_CHANGE = (0.1, 10.0)


@torch.no_grad()
def swap_layer(wearer: Avatar, lender: Avatar, layer: str) -> Avatar:
    """Return the wearer with the lender's splats of a layer instead of his or her own.

    They keep their place on the mesh and their distance from it, scaled as the heads are, and no
    longer change with the expression, whose code is another's. Where both can be relit, the layer
    is shown in the light that the wearer was filmed in.

    Raises:
        OptionError: either has no splats, there is no such layer, or the heads are of two models.
    """
    if layer not in LAYERS:
        raise OptionError(f"swap: expected one of {', '.join(LAYERS)}; got {layer!r}")
    worn, lendable = _splats_of(wearer), _splats_of(lender)
    if not torch.equal(wearer.mesh.faces, lender.mesh.faces):
        raise OptionError(
            f"swap: {wearer.info.name} and {lender.info.name} have different meshes; expected "
            "avatars trained on the same head model by the same version"
        )
    number = LAYERS.index(layer)
    kept = worn.chosen(worn.layers != number)
    lent = _moved(lendable.chosen(lendable.layers == number), lender, wearer)
    return replace(wearer, splats=_joined(kept, _relit(lent, kept.relighting)))


def _splats_of(head: Avatar) -> Splats:
    if head.splats is None:
        raise OptionError(f"{head.info.name}: expected an avatar that `avatar train` made")
    return head.splats


def _moved(lent: Splats, lender: Avatar, wearer: Avatar) -> Splats:
    points = SurfacePoints(corners=lent.corners, barycentrics=lent.barycentrics)
    before, after = points.on(lender.mesh.vertices), points.on(wearer.mesh.vertices)
    ratio = float(wearer.mesh.vertices.std(0).norm() / lender.mesh.vertices.std(0).norm())
    return replace(lent, means=after + ratio * (lent.means - before), scales=lent.scales * ratio)


def _relit(lent: Splats, wanted: SplatRelighting | None) -> Splats:
    """Return splats as they look in the light that others were filmed in."""
    known = lent.relighting
    if known is None or wanted is None:
        return replace(lent, relighting=None)

    def reaching(light: Tensor) -> Tensor:
        return irradiance(light, known.normals).maximum(DIMMEST * light[0].clamp_min(1e-3))

    change = (reaching(wanted.environment) / reaching(known.environment)).clamp(*_LIGHT_CHANGE)
    linear = linear_from_srgb(lent.colors.clamp(0, 1))
    return replace(
        lent,
        colors=srgb_from_linear(linear * change),
        relighting=replace(
            known, filmed_light=known.filmed_light * change, environment=wanted.environment
        ),
    )


def _joined(own: Splats, lent: Splats) -> Splats:
    """Return both; code, camera, sway and light are the first's, whose code moves only its own."""
    rows = {
        name: torch.cat([getattr(own, name), getattr(lent, name)])
        for name in (
            *("means", "rotations", "scales", "opacities", "colors"),
            *("corners", "barycentrics", "head_shares", "layers"),
        )
    }
    still = own.offset_shapes.new_zeros(len(own.offset_shapes), len(lent), 3)
    relighting = None
    if own.relighting is not None and lent.relighting is not None:
        mine, theirs = own.relighting, lent.relighting
        relighting = SplatRelighting(
            environment=mine.environment,
            **{
                field.name: torch.cat([getattr(mine, field.name), getattr(theirs, field.name)])
                for field in fields(mine)
                if field.name != "environment"
            },
        )
    return replace(
        own,
        **rows,
        offset_shapes=torch.cat([own.offset_shapes, still], 1),
        color_shapes=torch.cat([own.color_shapes, still], 1),
        relighting=relighting,
    )
