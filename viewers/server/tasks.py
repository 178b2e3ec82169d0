"""What a worker does for each kind of job; runs in a process of its own.

Everything made goes into the order's folder under fixed names: `head.avatar`, `view.glb` and
`thumb.jpg` for a head, `clip.npz`, `clip.json` and `sound.wav` for a performance, `export.*`.
"""

import base64
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from avatar.animation.clip_file import load_clip, save_clip
from avatar.animation.live_link import read_live_link
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.demo import demo_photo
from avatar.create.head_of_track import head_of_track
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import reconstruct
from avatar.create.render_film import sound_of
from avatar.create.speak import speak_with_evidence
from avatar.create.track_video import track_video
from avatar.export.exercise_clip import exercise_clip
from avatar.export.glb import GlbOptions, export_glb
from avatar.render.frame_head import frame_head
from avatar.render.render_head import render_head
from avatar.render.tone import backdrop, composite, to_bytes
from avatar.speech.options import SpeakOptions
from avatar.speech.sound import SoundSource, sound_track
from viewers.server.codec import encode
from viewers.server.export_task import export
from viewers.server.messages import ClipData
from viewers.server.order import Order
from viewers.server.splat_view import splat_view
from viewers.server.train_task import train_avatar

Progress = Callable[[str, float], None]

THUMBNAIL = (320, 400)
VIEW = GlbOptions(texture_size=2048, image_format="jpeg", jpeg_quality=92)

_YAW = 0.3
"""Radians the thumbnail's head is turned: a face shows its shape best a little from the side."""


def run_task(order: Order, progress: Progress) -> tuple[str, ...]:
    """Do what an order says and return warnings; AvatarError says what the visitor can mend."""
    return _TASKS[order.task](order, Path(order.folder), progress)


def _reconstruct(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    photos = [Path(path) for path in order.inputs] or [demo_photo()]
    options = ReconstructOptions(name=order.name)
    head = reconstruct(photos, options, _part(progress, 0.0, 0.85))
    _keep_head(head, folder, _part(progress, 0.85, 1.0))
    return tuple(head.report.get("warnings", ()))


def _prepare(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    progress("opening the head", 0.1)
    _keep_views(_head(order), folder, _part(progress, 0.4, 1.0))
    return ()


def _add(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    progress("reading the head", 0.1)
    _keep_head(Avatar.load(order.inputs[0]), folder, _part(progress, 0.4, 1.0))
    return ()


def _speak(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    options = SpeakOptions(
        text=order.text.strip() or None,
        style=order.style,
        emotion=order.emotion,
        intensity=order.intensity,
    )
    sound = Path(order.inputs[0])
    progress("opening the head", 0.0)
    done = speak_with_evidence(sound, options, _head(order), _part(progress, 0.1, 0.95))
    keep_performance(done.clip, sound, folder)
    return done.warnings


def _track(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    video = Path(order.inputs[0])
    share = 0.5 if order.make_head else 0.95
    take = track_video(video, progress=_part(progress, 0.0, share))
    keep_performance(take.clip(), sound_of(video), folder)
    if order.make_head:
        options = ReconstructOptions(name=order.name)
        head = head_of_track(video, take, options, _part(progress, share, 0.9))
        _keep_head(head, folder, _part(progress, 0.9, 1.0))
    return tuple(take.warnings)


def _train(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    video = Path(order.inputs[0])
    head, warnings = train_avatar(video, folder, _part(progress, 0.0, 0.95))
    named = replace(head, info=replace(head.info, name=order.name))
    _keep_head(named, folder, _part(progress, 0.95, 1.0))
    return warnings


def _clip(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    progress("reading the performance", 0.2)
    if not order.inputs:
        clip = exercise_clip(_head(order).rig)
    elif order.inputs[0].endswith(".npz"):
        clip = load_clip(order.inputs[0])
    else:
        clip = read_live_link(order.inputs[0])
    keep_performance(clip, None, folder)
    return ()


def _export(order: Order, folder: Path, progress: Progress) -> tuple[str, ...]:
    progress("opening the head", 0.0)
    export(order, _head(order), folder, progress)
    return ()


def _head(order: Order) -> Avatar:
    if order.head is None:
        raise AssertionError("the server names a head for every task that needs one")
    return Avatar.load(order.head)


def _keep_head(head: Avatar, folder: Path, progress: Progress) -> None:
    progress("saving", 0.0)
    head.save(folder / "head.avatar")
    _keep_views(head, folder, _part(progress, 0.3, 1.0))


def _keep_views(head: Avatar, folder: Path, progress: Progress) -> None:
    progress("preparing the view", 0.0)
    export_glb(head, folder / "view.glb", VIEW)
    if head.splats is not None:
        (folder / "splats.bin").write_bytes(splat_view(head, head.splats))
    progress("thumbnail", 0.6)
    width, height = THUMBNAIL
    image = render_head(head, frame_head(head.mesh, yaw=_YAW, size=THUMBNAIL, zoom=1.1))
    picture = to_bytes(composite(image, backdrop(height, width, image)))
    Image.fromarray(picture.numpy()).save(folder / "thumb.jpg", quality=88)


def keep_performance(clip: Clip, sound: SoundSource | None, folder: Path) -> None:
    """Write a performance's files into a job's folder."""
    save_clip(clip, folder / "clip.npz")
    if sound is not None:
        _write_wav(sound, folder / "sound.wav")
    rotations = clip.joint_rotations
    data = ClipData(
        name=clip.name,
        frames=len(clip.times),
        joints=clip.joint_names if rotations is not None else (),
        times=_floats(clip.times - clip.times[:1] if sound is None else clip.times),
        weights=_floats(clip.weights),
        rotations="" if rotations is None else _floats(rotations),
        sound=sound is not None,
    )
    (folder / "clip.json").write_text(encode(data), encoding="utf-8")


def _write_wav(sound: SoundSource, path: Path) -> None:
    """Write mono 16-bit PCM, which every browser plays, whatever came in."""
    with wave.open(str(path), "wb") as file:
        started = False
        for block in sound_track(sound):
            if not started:
                file.setparams((1, 2, block.rate, 0, "NONE", "not compressed"))
                started = True
            samples = np.clip(np.nan_to_num(block.samples), -1, 1)
            file.writeframes((samples * 32767).astype("<i2").tobytes())


def _floats(values: Tensor) -> str:
    array = values.detach().cpu().float().contiguous().numpy()
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda stage, done: progress(stage, start + (end - start) * min(max(done, 0.0), 1.0))


_TASKS: dict[str, Callable[[Order, Path, Progress], tuple[str, ...]]] = {
    "reconstruct": _reconstruct,
    "prepare": _prepare,
    "add": _add,
    "speak": _speak,
    "track": _track,
    "train": _train,
    "clip": _clip,
    "export": _export,
}
