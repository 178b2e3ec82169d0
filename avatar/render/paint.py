"""Putting a picture together: opaque surfaces first, then the see-through layers over them."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.ops.rasterize_mesh import MeshFragments
from avatar.render.light import Light, studio_light
from avatar.render.openness import lamp_share
from avatar.render.options import RenderOptions
from avatar.render.scene import Scene, Surface
from avatar.render.shade import Points, shade
from avatar.render.surface_points import surface_points
from avatar.render.tone import tone_map
from avatar.render.view import Hits, View, sample_offsets, smooth_pixels, view_scene

_POINTS_AT_ONCE = 1 << 13
"""Points shaded at once: what fits a processor's cache is shaded several times faster."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """Where a see-through layer covers samples: `places` are pixel * samples + sample.

    A `clear` film, such as a cornea, takes the gloss off what lies under it: light that passed
    into it meets no second mirror.
    """

    places: Int[Tensor, " hits"]
    depths: Float[Tensor, " hits"]
    colors: Float[Tensor, "hits 4"]
    clear: bool


@dataclass(frozen=True, kw_only=True)
class Painter:
    """What all bands of one picture share."""

    camera: Camera
    options: RenderOptions
    light: Light
    opaque: View
    layers: tuple[View, ...]
    offsets: Float[Tensor, "samples 2"]

    @staticmethod
    def set_up(scene: Scene, camera: Camera, options: RenderOptions) -> "Painter":
        """Project the scene and cast its shadows."""
        light = options.light or studio_light(camera)
        shares = _lamp_shares(scene, light, options)
        return Painter(
            camera=camera,
            options=options,
            light=light,
            opaque=view_scene(scene, scene.opaque, camera, shares),
            layers=tuple(view_scene(scene, layer, camera, shares) for layer in scene.layers),
            offsets=sample_offsets(options.samples, scene.vertices),
        )

    def paint(self, top: int, bottom: int) -> Float[Tensor, "rows width 4"]:
        """Return the rows from `top` to before `bottom`, premultiplied."""
        width, rows = self.camera.width, bottom - top
        view = self.opaque.cropped(0, top, width, rows)
        samples = [view.rasterize(offset) for offset in self.offsets]
        centre = samples[0] if len(samples) == 1 else view.rasterize(0 * self.offsets[0])
        found = [self._film(layer.cropped(0, top, width, rows), samples) for layer in self.layers]
        films = [film for film in found if film is not None]
        smooth = smooth_pixels(view, centre, samples).reshape(-1)
        covered = torch.stack([sample.covered for sample in samples]).any(0).reshape(-1)
        for film in films:
            smooth[film.places // len(samples)] = False
            covered[film.places // len(samples)] = True
        picture = self.offsets.new_zeros(rows * width, 4)
        pixels = smooth.nonzero()[:, 0]
        shine = self.offsets.new_ones(len(pixels))
        picture[pixels] = self._colors(view, _hits(centre, pixels), 0.0, shine)
        pixels = (covered & ~smooth).nonzero()[:, 0]
        picture[pixels] = self._mixed(view, samples, pixels, films)
        return picture.view(rows, width, 4)

    def _mixed(
        self,
        view: View,
        samples: list[MeshFragments],
        pixels: Int[Tensor, " pixels"],
        films: list[Film],
    ) -> Float[Tensor, "pixels 4"]:
        """Shade these pixels sample by sample, lay the films over and average."""
        count = len(samples)
        covered = torch.stack([sample.covered.reshape(-1)[pixels] for sample in samples], -1)
        colors = self.offsets.new_zeros(len(pixels) * count, 4)
        places = covered.reshape(-1).nonzero()[:, 0]
        faces = torch.stack([sample.triangles.reshape(-1)[pixels] for sample in samples], -1)
        weights = torch.stack([sample.barycentrics.reshape(-1, 3)[pixels] for sample in samples], 1)
        hits = Hits(faces=faces.reshape(-1)[places], barycentrics=weights.reshape(-1, 3)[places])
        row_of = torch.full((samples[0].triangles.numel(),), -1, device=pixels.device)
        row_of[pixels] = torch.arange(len(pixels), device=pixels.device)
        moved = [
            replace(film, places=row_of[film.places // count] * count + film.places % count)
            for film in films
        ]
        shine = torch.ones_like(colors[:, 0])
        for film in moved:
            if film.clear:
                shine[film.places] = 0
        colors[places] = self._colors(view, hits, math.log2(count) / 2, shine[places])
        return _overlaid(colors, moved).view(len(pixels), count, 4).mean(1)

    def _film(self, layer: View, samples: list[MeshFragments]) -> Film | None:
        """Return where a layer lies in front of the opaque surfaces, shaded."""
        box = layer.box()
        if box is None:
            return None
        left, top, width, height = box
        view = layer.cropped(left, top, width, height)
        window = (slice(top, top + height), slice(left, left + width))
        places: list[Tensor] = []
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        for number, (offset, behind) in enumerate(zip(self.offsets, samples, strict=True)):
            fragments = view.rasterize(offset)
            front = fragments.covered & (fragments.depths < behind.depths[window])
            row, column = front.nonzero().unbind(-1)
            pixel = (row + top) * behind.triangles.shape[1] + column + left
            places.append(pixel * len(samples) + number)
            found.append(
                (
                    fragments.triangles[row, column],
                    fragments.barycentrics[row, column],
                    fragments.depths[row, column],
                )
            )
        faces, weights, depths = (torch.cat(parts) for parts in zip(*found, strict=True))
        hits = Hits(faces=faces, barycentrics=weights)
        shine = torch.ones_like(depths)
        return Film(
            places=torch.cat(places),
            depths=depths,
            colors=self._colors(view, hits, math.log2(len(samples)) / 2, shine),
            clear=self._is_clear(view.scene.surfaces[int(view.group.surfaces[0])]),
        )

    def _is_clear(self, surface: Surface) -> bool:
        return surface.material.name in self.options.clear

    def _colors(
        self, view: View, hits: Hits, finer: float, shine: Float[Tensor, " hits"]
    ) -> Float[Tensor, "hits 4"]:
        """Return the premultiplied colour and opacity of each hit; `shine` scales its gloss."""
        colors = self.offsets.new_zeros(len(hits.faces), 4)
        numbers = view.group.surfaces[hits.faces]
        for number, surface in enumerate(view.scene.surfaces):
            chosen = (numbers == number).nonzero()[:, 0]
            for some in chosen.split(_POINTS_AT_ONCE):
                picked = Hits(faces=hits.faces[some], barycentrics=hits.barycentrics[some])
                points = surface_points(view, picked, surface, finer, self.options)
                # A clear film mirrors at full strength, however little it hides.
                strength = shine[some] * (1 if self._is_clear(surface) else points.alpha)
                colors[some] = self._lit(points, strength)
        return colors

    def _lit(self, points: Points, shine: Float[Tensor, " points"]) -> Float[Tensor, "points 4"]:
        alpha = points.alpha[None]
        if self.options.unlit:
            return torch.cat([points.albedo * alpha, alpha]).T
        radiance = shade(points, self.light)
        light = radiance.matte * alpha + radiance.gloss * shine
        return torch.cat([tone_map(light) if self.options.tone else light, alpha]).T


def _lamp_shares(
    scene: Scene, light: Light, options: RenderOptions
) -> Float[Tensor, "lamps verts"]:
    """Return how much of each lamp each vertex sees: 1 where nothing casts a shadow."""
    shares = scene.vertices.new_ones(len(light.lamps), len(scene.vertices))
    if options.unlit or not options.shadows:
        return shares
    if scene.lamp_shares is not None:
        return scene.lamp_shares
    for number, lamp in enumerate(light.lamps):
        if lamp.shadow:
            shares[number] = lamp_share(scene.vertices, scene.normals, scene.opaque.faces, lamp)
    return shares


def _hits(fragments: MeshFragments, pixels: Int[Tensor, " pixels"]) -> Hits:
    return Hits(
        faces=fragments.triangles.reshape(-1)[pixels],
        barycentrics=fragments.barycentrics.reshape(-1, 3)[pixels],
    )


def _overlaid(colors: Float[Tensor, "places 4"], films: list[Film]) -> Float[Tensor, "places 4"]:
    """Lay films over opaque samples, the deepest first."""
    if not films:
        return colors
    depths = colors.new_full((len(colors), len(films)), -1)
    films_at = colors.new_zeros(len(colors), len(films), 4)
    for number, film in enumerate(films):
        depths[film.places, number] = film.depths
        films_at[film.places, number] = film.colors
    order = depths.argsort(dim=1, descending=True)
    row = torch.arange(len(colors), device=colors.device)
    for rank in range(len(films)):
        film = films_at[row, order[:, rank]]
        colors = film + (1 - film[:, 3:]) * colors
    return colors
