"""How true the maps of `--maps` are, against the texture of a plain reconstruction.

    python -m tests.benchmarks.bench_maps [--subjects 8 14] [--scan] [--real] [--update]

People who do not exist are path-traced by Mitsuba in one light (`tests.benchmarks.maps.people`) and
reconstructed from that one photo. Albedo, as the photo's camera sees it on the face, is compared
with the renderer's: the mean absolute error as a share of the true mean, as it is and at the best
brightness. Relit: the head, in the photo's pose, is drawn by `avatar.render` in a light it was not
photographed in, and compared, at the best exposure, with the path-traced picture: PSNR over the
face, in sRGB.

The scan (`tests.benchmarks.maps.detailed_scan`) is photographed with its pores and wrinkles in two
lights. Normals are compared in the photo at 0.3 mm a pixel, averaged over 7 pixels (2 mm), within
the face, after the best rotation; `fine` leaves out what is broader than 41 pixels (12 mm).

One man in two photos: the mean difference of the albedo of his face, where both photos show it, as
a share of its mean, for the plain texture and for the maps.
"""

import argparse
import math
import sys
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation, Photo
from avatar.capture.observe import observe
from avatar.capture.read_photo import read_photo
from avatar.core.avatar import Avatar
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.create.assemble import assemble_avatar, with_maps
from avatar.fit.fit_photos import fit_photo
from avatar.fit.head_fit import HeadFit
from avatar.head.registry import load_model
from avatar.maps.eyes import eye_colors
from avatar.maps.lit_view import plain_skin
from avatar.maps.reflectance import ReflectanceMaps, bake_reflectance
from avatar.maps.skin import SkinMaps, bake_skin
from avatar.maps.texels import texels_of
from avatar.render.light import Light
from avatar.render.options import RenderOptions
from avatar.render.panorama_light import panorama_light
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from tests.benchmarks.maps.detailed_scan import scan_shots
from tests.benchmarks.maps.in_picture import InPicture, in_picture, inside
from tests.benchmarks.maps.people import SUBJECTS, Person, person
from tests.benchmarks.metric import Metric, gate

SIZE = 1024
"""Side of the maps: the photos resolve no more."""

_FINE, _BROAD = 7, 41
_ROUNDS = 4

Figures = dict[str, float]
Picture = Float[Tensor, "height width 3"]
Mask = Bool[Tensor, "height width"]


def person_figures(truth: Person, name: str, sheet: Path | None) -> Figures:
    """Return the figures of one person, for the plain texture and for the maps."""
    observation, fit = _fitted(torch.from_numpy(truth.photo), name)
    seen = in_picture(fit)
    solid = torch.from_numpy(truth.normals).norm(dim=-1) > 0.5
    mask = inside(seen.face & solid)
    albedo = torch.from_numpy(truth.albedo).float()
    plain = bake_skin(fit, [observation], SIZE)
    maps = bake_reflectance(fit, [observation], SIZE)
    figures: Figures = {}
    pictures = [srgb_from_linear(albedo) * mask[..., None]]
    for kind, skin in (("plain", plain), ("maps", maps.skin)):
        found = seen.sampled(skin.albedo)
        figures |= {
            f"{kind}: albedo error": _error(found, albedo, mask),
            f"{kind}: albedo error, scale-free": _error(
                found * _gain(found, albedo, mask), albedo, mask
            ),
        }
        pictures.append(srgb_from_linear(found) * mask[..., None])
    relit = torch.from_numpy(truth.relit).float()
    key = 0.3 / relit[mask].mean(-1).median()
    wanted = relit * key
    pictures.append(srgb_from_linear(wanted))
    light = panorama_light(torch.from_numpy(truth.unseen).float())
    eyes = eye_colors(fit, [observation])
    heads = (
        ("plain", assemble_avatar(fit, plain, eyes, name)),
        ("maps", with_maps(assemble_avatar(fit, maps.skin, eyes, name), maps)),
    )
    for kind, head in heads:
        drawn, psnr = _relit(head, fit, light, (wanted, mask))
        figures[f"{kind}: relit PSNR"] = psnr
        pictures.append(drawn)
    if sheet is not None:
        _save(pictures, mask, sheet)
    return figures


def scan_figures(inputs: Path, folder: Path, sheets: Path | None) -> Figures:
    """Return the normal errors of the scan in its two lights, with and without displacement."""
    shots = scan_shots(inputs, folder)
    truth = functional.normalize(torch.from_numpy(shots.normals).float(), dim=-1)
    figures: Figures = {}
    for number, pixels in enumerate(shots.photos):
        observation, fit = _fitted(torch.from_numpy(pixels), f"scan {number}")
        maps = bake_reflectance(fit, [observation], SIZE)
        seen = in_picture(fit)
        mask = inside(seen.face & (torch.from_numpy(shots.normals).norm(dim=-1) > 0.5))
        for kind, value in _normal_errors(seen, maps, truth, mask).items():
            figures[f"scan, light {number}: {kind}"] = value
        if sheets is not None:
            shown = [truth, seen.normals, seen.bent_normals(maps.skin.normals)]
            flip = truth.new_tensor([0.5, -0.5, -0.5])
            _save([normals * flip + 0.5 for normals in shown], mask, sheets / f"scan_{number}.png")
    return figures


def agreement_figures(inputs: Path) -> Figures:
    """Return how much one man's albedo differs between two photos."""
    plain: list[SkinMaps] = []
    maps: list[SkinMaps] = []
    for name in ("obama.jpg", "obama2.jpg"):
        observation = observe(read_photo(inputs / "photos" / name))
        fit = fit_photo(observation, load_model("anny"))
        plain.append(bake_skin(fit, [observation], SIZE // 2))
        maps.append(bake_reflectance(fit, [observation], SIZE // 2).skin)
    model = load_model("anny")
    texels = texels_of(model.part("skin"), model.uvs, SIZE // 2)
    bare = texels.interpolate(plain_skin(model)[:, None])[:, 0] > 0.99
    figures: Figures = {}
    for kind, pair in (("plain", plain), ("maps", maps)):
        both = bare.clone()
        for skin in pair:
            both &= skin.confidence.reshape(-1)[texels.index] > 0.5
        one, other = (skin.albedo.reshape(-1, 3)[texels.index][both] for skin in pair)
        mean = (one + other).mean() / 2
        figures[f"two photos, {kind}: albedo difference"] = float((one - other).abs().mean() / mean)
        tones = [skin.median(0).values for skin in (one, other)]
        apart = (tones[0] - tones[1]).abs() / ((tones[0] + tones[1]) / 2)
        figures[f"two photos, {kind}: tone difference"] = float(apart.mean())
    return figures


def _fitted(srgb: Tensor, name: str) -> tuple[Observation, HeadFit]:
    photo = Photo(pixels=linear_from_srgb(srgb.float() / 255), name=name)
    observation = observe(photo)
    return observation, fit_photo(observation, load_model("anny"))


def _error(found: Picture, truth: Picture, mask: Mask) -> float:
    return float((found - truth)[mask].abs().mean() / truth[mask].mean())


def _gain(found: Picture, truth: Picture, mask: Mask) -> float:
    ratio = truth[mask].mean(-1) / found[mask].mean(-1).clamp_min(1e-4)
    return float(ratio.median())


def _relit(
    head: Avatar, fit: HeadFit, light: Light, wanted: tuple[Picture, Mask]
) -> tuple[Picture, float]:
    """Return the head in a light, at the exposure that suits the truth best, and its PSNR."""
    truth, mask = wanted
    scene = prepare_scene(head).moved(head.pose(fit.photos[0].expression))
    strength, drawn = 1.0, torch.zeros_like(truth)
    for _ in range(_ROUNDS):
        options = RenderOptions(light=light.scaled(strength), samples=1, tone=False)
        drawn = render_head(scene, fit.photos[0].camera, options)[..., :3]
        strength *= _gain(drawn, truth, mask)
    difference = (srgb_from_linear(drawn) - srgb_from_linear(truth))[mask]
    return srgb_from_linear(drawn), -10 * math.log10(float(difference.square().mean()))


def _normal_errors(seen: InPicture, maps: ReflectanceMaps, truth: Picture, mask: Mask) -> Figures:
    bent = seen.bent_normals(maps.skin.normals)
    wanted, plain, detailed = (
        _averaged(normals, _FINE, mask) for normals in (truth, seen.normals, bent)
    )
    turn = _rotation(plain[mask], wanted[mask])
    without, with_detail = (
        _degrees((normals[mask] @ turn), wanted[mask]) for normals in (plain, detailed)
    )
    fine = [
        (normals - _averaged(normals, _BROAD, mask))[mask]
        for normals in (wanted, plain @ turn, detailed @ turn)
    ]
    off = [float((normals - fine[0]).square().sum(-1).mean().sqrt()) for normals in fine[1:]]
    return {
        "normal error without displacement": without,
        "normal error with displacement": with_detail,
        "fine normal error, with / without": off[1] / off[0],
    }


def _averaged(normals: Picture, side: int, mask: Mask) -> Picture:
    values = (normals * mask[..., None]).permute(2, 0, 1)[None]
    half = side // 2
    rows = functional.avg_pool2d(values, (1, side), 1, (0, half))
    whole = functional.avg_pool2d(rows, (side, 1), 1, (half, 0))
    return functional.normalize(whole[0].permute(1, 2, 0), dim=-1)


def _rotation(source: Float[Tensor, "n 3"], target: Float[Tensor, "n 3"]) -> Tensor:
    """Return the turn that takes directions to directions best: source @ turn is like target."""
    left, _, right = torch.linalg.svd(source.T @ target)
    turn = left @ right
    return (
        turn
        if float(torch.det(turn)) > 0
        else left @ torch.diag(source.new_tensor([1.0, 1.0, -1.0])) @ right
    )


def _degrees(a: Float[Tensor, "n 3"], b: Float[Tensor, "n 3"]) -> float:
    return float(torch.rad2deg((a * b).sum(-1).clamp(-1, 1).acos()).mean())


def _save(pictures: list[Picture], mask: Mask, path: Path) -> None:
    rows, columns = torch.nonzero(mask, as_tuple=True)
    top, left = int(rows.min()), int(columns.min())
    bottom, right = int(rows.max()) + 1, int(columns.max()) + 1
    strip = torch.cat([picture[top:bottom, left:right] for picture in pictures], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((strip.clamp(0, 1) * 255).to(torch.uint8).numpy()).save(path)


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure maps against the truth.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--folder", type=Path, default=Path("build/maps"))
    parser.add_argument("--subjects", type=int, nargs="*", default=[8, 14])
    parser.add_argument("--scan", action="store_true", help="measure the scan too")
    parser.add_argument("--real", action="store_true", help="measure two photos of one man too")
    parser.add_argument("--sheets", type=Path, default=None, help="folder for pictures")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    figures: Figures = {}
    for subject in arguments.subjects:
        name = f"{SUBJECTS.get(subject, 'other')} skin ({subject})"
        truth = person(arguments.inputs, arguments.folder, subject)
        sheet = arguments.sheets / f"person_{subject}.png" if arguments.sheets else None
        for kind, value in person_figures(truth, name, sheet).items():
            figures[f"{name}, {kind}"] = value
    if arguments.scan:
        figures |= scan_figures(arguments.inputs, arguments.folder, arguments.sheets)
    if arguments.real:
        figures |= agreement_figures(arguments.inputs)
    metrics = [_metric(name, value) for name, value in figures.items()]
    for metric in metrics:
        sys.stdout.write(f"{metric.name:60} {metric.value:8.3f} {metric.unit}\n")
    problems = gate(metrics, Path(__file__).with_suffix(".json"), update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


def _metric(name: str, value: float) -> Metric:
    psnr = name.endswith("PSNR")
    return Metric(
        name=name,
        value=round(value, 4),
        unit="dB" if psnr else "degrees" if "placement" in name else "",
        direction="higher is better" if psnr else "lower is better",
        tolerance=0.05 if psnr else 0.1,
    )


if __name__ == "__main__":
    sys.exit(main())
