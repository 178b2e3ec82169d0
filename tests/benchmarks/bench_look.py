"""How much heads look like their photos, and how little of the photos' light is left in them.

    python -m tests.benchmarks.bench_look [--inputs FOLDER] [--update]

Each head is rendered from its photos' own cameras in the light the fit found, and compared with the
photo on the bare skin of the face that the camera sees: `colour` is the mean difference in sRGB,
`detail` the correlation of what is narrowly bright or dark. A photo pasted on the head would win
both, light and all, so two numbers speak against it: `one-sided` is how much the albedo of the left
half of a face differs from the right half's in broad strokes, `two photos` how much it differs
between heads of one man made from two photos in different light.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonic_fill import harmonic_fill
from avatar.core.material import srgb_from_linear
from avatar.core.mesh import Mesh
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import Reconstruction, reconstruct_with_evidence
from avatar.head.model import HeadModel
from avatar.maps.fill import vertex_averages
from avatar.maps.texels import texels_of
from avatar.render.crop_photo import crop_photo
from avatar.render.light import environment_light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from tests.benchmarks.metric import Metric, gate

HEADS = {
    "astronaut": ("astronaut.png",),
    "obama": ("obama.jpg",),
    "obama2": ("obama2.jpg",),
    "biden": ("biden.jpg",),
    "woman": ("woman10/0002.jpg", "woman10/0001.jpg", "woman10/0003.jpg"),
}
ONE_MAN = ("obama", "obama2")
SIZE, TEXTURE = 384, 1024
BROAD = 25.0
"""Smoothness of what counts as broad: differences over several centimetres."""

PAINTED = ("lips", "brows", "eyelids")


@dataclass(frozen=True, kw_only=True)
class Look:
    """One head's numbers, and the log of its albedo in broad strokes on the vertices."""

    name: str
    color: float
    detail: float
    one_sided: float
    broad: Float[Tensor, "verts 3"]
    bare: Bool[Tensor, " verts"]


def look_of(name: str, photos: list[Path]) -> Look:
    """Reconstruct a head and measure it."""
    options = ReconstructOptions(texture_size=TEXTURE)
    result = reconstruct_with_evidence(photos, options)
    model = result.fit.model
    bare = model.region("face").clone()
    for region in PAINTED:
        bare &= ~model.region(region)
    hair = result.fit.hair
    if hair is not None:
        bare &= hair.amount < 0.1
    pairs = [_against_photo(result, index, bare) for index in range(len(photos))]
    color, detail = torch.tensor(pairs).mean(0).tolist()
    broad = _broad_albedo(result, bare)
    if model.mirror is None:
        raise AssertionError("the default head is symmetric")
    both = bare & bare[model.mirror]
    sided = (broad - broad[model.mirror])[both].abs().mean() / 2
    return Look(
        name=name, color=color, detail=detail, one_sided=float(sided), broad=broad, bare=bare
    )


def _against_photo(
    result: Reconstruction, index: int, bare: Bool[Tensor, " verts"]
) -> tuple[float, float]:
    """Return the mean difference of colour in % of white and the correlation of detail."""
    avatar, photo = result.avatar, result.fit.photos[index]
    vertices = avatar.pose(photo.expression)
    face = vertices[result.fit.model.region("face")]
    pixels = result.observations[index].photo.pixels
    shown, camera = crop_photo(pixels, photo.camera, face, SIZE)
    light = environment_light(photo.light)
    scene = prepare_scene(avatar).moved(vertices)
    # As the light falls: a photo has had its tone curve, and is compared without a second one.
    rendered = render_head(scene, camera, RenderOptions(light=light, tone=False))[..., :3]
    mesh = Mesh(vertices=vertices, uvs=avatar.mesh.uvs, parts=avatar.mesh.parts)
    marks = prepare_scene(mesh, (), bare.float()[:, None].expand(-1, 3))
    mask = render_head(marks, camera, RenderOptions(unlit=True))[..., 0] > 0.95
    mask &= shown.amax(-1) < 0.95
    own, theirs = srgb_from_linear(rendered), srgb_from_linear(shown)
    color = 100 * (own - theirs)[mask].abs().mean()
    fine = torch.stack([_fine(own.mean(-1))[mask], _fine(theirs.mean(-1))[mask]])
    return float(color), float(torch.corrcoef(fine)[0, 1])


def _fine(values: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    around = functional.avg_pool2d(values[None], 13, 1, 6, count_include_pad=False)[0]
    return values - around


def _broad_albedo(result: Reconstruction, bare: Bool[Tensor, " verts"]) -> Float[Tensor, "verts 3"]:
    model: HeadModel = result.fit.model
    texels = texels_of(model.part("skin"), model.uvs, TEXTURE)
    albedo = result.avatar.material("skin").base_color_map
    if albedo is None:
        raise AssertionError("a reconstructed head's skin has a texture")
    colors = albedo.reshape(-1, 3)[texels.index].clamp_min(1e-3).log()
    average, weight = vertex_averages(texels, colors, torch.ones(len(colors)))
    missing = len(model.template) - len(weight)
    average = functional.pad(average, (0, 0, 0, missing))
    sure = functional.pad((weight > 0).float(), (0, missing)) * bare + 1e-4
    return harmonic_fill(average, sure, model.part("skin").faces, smoothness=BROAD)


def metrics_of(looks: list[Look]) -> list[Metric]:
    """Return the means over all heads, and how much one man's two heads differ."""
    first, second = (next(look for look in looks if look.name == name) for name in ONE_MAN)
    both = first.bare & second.bare
    apart = (first.broad - second.broad)[both]
    # Exposure and white balance are one factor per channel, which nobody can know.
    apart = (apart - apart.mean(0)).abs().mean()
    values = (
        ("colour", sum(look.color for look in looks) / len(looks), "% of white", 0.1),
        ("detail", sum(look.detail for look in looks) / len(looks), "correlation", 0.05),
        ("one-sided", sum(look.one_sided for look in looks) / len(looks), "log albedo", 0.1),
        ("two photos", float(apart), "log albedo", 0.1),
    )
    return [
        Metric(
            name=name,
            value=round(value, 4),
            unit=unit,
            direction="higher is better" if name == "detail" else "lower is better",
            tolerance=tolerance,
        )
        for name, value, unit, tolerance in values
    ]


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure how much heads look like their photos.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    looks: list[Look] = []
    for name, photos in HEADS.items():
        looks.append(look_of(name, [arguments.inputs / "photos" / photo for photo in photos]))
        last = looks[-1]
        sys.stdout.write(
            f"{name:<10} colour {last.color:5.2f} %  detail {last.detail:5.3f}  "
            f"one-sided {last.one_sided:6.4f}\n"
        )
        sys.stdout.flush()
    metrics = metrics_of(looks)
    sys.stdout.writelines(f"{m.name}: {m.value:.4f} {m.unit}\n" for m in metrics)
    baseline = Path(__file__).with_name("bench_look.json")
    problems = gate(metrics, baseline, update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
