"""A head written as one file to download."""

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from avatar.animation.clip_file import load_clip, save_clip
from avatar.animation.film_options import FilmOptions
from avatar.animation.live_link import write_live_link
from avatar.animation.relight_options import RelightOptions
from avatar.animation.splat_film_options import SplatFilmOptions
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.relight import relight
from avatar.create.render_film import render_film
from avatar.create.render_splats import film_splats, performance, write_frame
from avatar.export.glb import GlbOptions, export_glb
from avatar.export.gltf_material import TextureOptions
from avatar.export.obj import export_obj
from avatar.render.light_options import LightOptions
from avatar.render.splat_stage import SplatStage
from viewers.server.formats import format_info
from viewers.server.order import Order


def export(
    order: Order, head: Avatar, folder: Path, progress: Callable[[str, float], None]
) -> None:
    """Write `export.*` into the folder, as the order's format; AvatarError where it cannot."""
    ending = format_info(order.format).ending
    path = folder / ("export" + Path("head" + ending).suffix)
    clip = load_clip(order.clip) if order.clip else None
    progress("writing", 0.2)
    if order.format == "glb":
        options = GlbOptions(
            texture_size=order.texture_size,
            image_format=order.image_format,
            clip=None if clip is None else _from_zero(clip),
        )
        export_glb(head, path, options)
    elif order.format == "avatar":
        head.save(path)
    elif order.format == "obj":
        _zipped_obj(order, head, path)
    elif order.format == "json":
        path.write_text(json.dumps(head.report, indent=1), encoding="utf-8")
    elif order.format == "turn":
        relight(head, path, RelightOptions(light=LightOptions(light="studio")), progress)
    elif order.format in ("ply", "spz", "splats"):
        write_frame(SplatStage.build(head), performance(None), 0.0, path, SplatFilmOptions())
    elif clip is None:
        raise AssertionError("the server refuses a performance's formats without one")
    elif order.format == "csv":
        write_live_link(clip, path)
    elif order.format == "npz":
        save_clip(clip, path)
    else:
        _film(order, head, clip, path, progress)


def _film(
    order: Order, head: Avatar, clip: Clip, path: Path, progress: Callable[[str, float], None]
) -> None:
    sound = Path(order.sound) if order.sound else None
    if head.splats is None:
        render_film(head, clip, sound, path, FilmOptions(), progress)
    else:
        made = (SplatFilmOptions(), FilmOptions(size=SplatFilmOptions().size))
        film_splats(SplatStage.build(head), clip, sound, path, made, progress)


def _from_zero(clip: Clip) -> Clip:
    return (
        clip
        if len(clip.times) == 0 or clip.times[0] >= 0
        else Clip(
            times=clip.times - clip.times[0],
            weights=clip.weights,
            joint_names=clip.joint_names,
            joint_rotations=clip.joint_rotations,
            name=clip.name,
        )
    )


def _zipped_obj(order: Order, head: Avatar, path: Path) -> None:
    options = TextureOptions(size=order.texture_size, image_format=order.image_format)
    with tempfile.TemporaryDirectory(dir=path.parent) as inside:
        files = export_obj(head, Path(inside) / "head.obj", options)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
