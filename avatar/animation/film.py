"""Clips as films with sound.

Sound and picture both start at zero: frame n shows the clip at n / fps, and the sound is the
source's, encoded anew; the encoder's delay is told to the player (an edit list).
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from avatar.animation.check_film import ENCODERS
from avatar.animation.film_options import FilmOptions
from avatar.animation.resample import resample
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OutputError
from avatar.core.transform import matrix_from_quaternion
from avatar.render.film_scene import prepare_film_scene
from avatar.render.frame_head import frame_head
from avatar.render.light import studio_light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.tone import backdrop, composite, to_bytes
from avatar.speech.decode import Block

_SETTINGS: dict[str, dict[str, str]] = {
    "vp9": {"deadline": "realtime", "cpu-used": "6", "crf": "24", "b": "0", "row-mt": "1"},
    "av1": {"preset": "10", "crf": "30"},
    "mpeg4": {"qscale": "3"},
    "h264": {"crf": "18", "preset": "veryfast"},
}
_MPEG4_BITS_A_PIXEL = 0.25
_SOUND_RATE = 48000

Frame = UInt8[np.ndarray, "height width 3"]


def film_frames(avatar: Avatar, clip: Clip, options: FilmOptions) -> Iterator[Frame]:
    """Give the pictures of a clip, sRGB, one every 1 / fps from 0 to the clip's end."""
    count = int(float(clip.times[-1]) * options.fps + 1e-3) + 1
    timed = resample(clip, torch.arange(count) / options.fps)
    camera = frame_head(avatar.mesh, size=(options.size, options.size), zoom=options.zoom)
    light = studio_light(camera)
    film = prepare_film_scene(avatar, light)
    render = RenderOptions(samples=options.samples, light=light)
    ground = backdrop(options.size, options.size, avatar.mesh.vertices)
    places = [avatar.rig.joint(name) for name in timed.joint_names]
    for number in range(count):
        turns = torch.eye(3).expand(len(avatar.rig.joint_names), 3, 3).clone()
        if timed.joint_rotations is not None:
            turns[places] = matrix_from_quaternion(timed.joint_rotations[number])
        with torch.no_grad():
            scene = film.frame(timed.weights[number], turns)
            picture = composite(render_head(scene, camera, render), ground)
        yield to_bytes(picture).numpy()


def write_film(
    frames: Iterator[Frame],
    path: Path,
    sound: Iterator[Block] | None,
    options: FilmOptions,
    told: Callable[[int], None] = lambda _number: None,
) -> None:
    """Write pictures and sound, if any, to `path`, which must be safe to leave half-written.

    The film is as large as its first picture, whose sides must be even. `told` is called with the
    number of each picture once it is written.

    Raises:
        OutputError: it cannot be encoded or written.
    """
    import av  # noqa: PLC0415
    import av.error  # noqa: PLC0415

    try:
        with av.open(str(path), "w") as container:
            frames, shape = _with_shape(frames)
            video = _video_stream(container, options, shape)
            voice: Any = None
            if sound is not None:
                webm = path.suffix.lower() == ".webm"
                voice = container.add_stream("libopus" if webm else "aac", rate=_SOUND_RATE)
                voice.layout = "mono"
            pieces = _sound_frames(sound or iter(()))
            heard = 0.0
            for number, picture in enumerate(frames):
                image = av.VideoFrame.from_ndarray(picture, format="rgb24")
                image.pts, image.time_base = number, Fraction(1, options.fps)
                container.mux(video.encode(image))
                # Sound keeps up with the picture, so that neither waits in memory.
                while heard * options.fps <= number + 1:
                    piece = next(pieces, None)
                    if piece is None:
                        break
                    heard += piece.samples / piece.sample_rate
                    container.mux(voice.encode(piece))
                told(number)
            for piece in pieces:
                container.mux(voice.encode(piece))
            if voice is not None:
                container.mux(voice.encode(None))
            container.mux(video.encode(None))
    except av.error.FFmpegError as error:
        raise OutputError(f"{path}: cannot be written as a film ({error})") from error


def _with_shape(frames: Iterator[Frame]) -> tuple[Iterator[Frame], tuple[int, int]]:
    """Return the frames, none lost, and the first one's height and width."""
    first = next(frames, None)
    if first is None:
        raise OutputError("a film needs at least one picture; the clip has none")
    height, width = first.shape[:2]
    return chain([first], frames), (height, width)


def _video_stream(
    container: Any,  # noqa: ANN401
    options: FilmOptions,
    shape: tuple[int, int],
) -> Any:  # noqa: ANN401
    stream = container.add_stream(
        ENCODERS[options.codec], rate=options.fps, options=_SETTINGS[options.codec]
    )
    stream.height, stream.width = shape
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, options.fps)
    if options.codec == "mpeg4":
        stream.bit_rate = int(_MPEG4_BITS_A_PIXEL * shape[0] * shape[1] * options.fps)
    return stream


def _sound_frames(sound: Iterator[Block]) -> Iterator[Any]:
    import av  # noqa: PLC0415

    place = 0
    for block in sound:
        samples = np.ascontiguousarray(block.samples.clip(-1, 1), np.float32)
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = block.rate
        frame.pts, frame.time_base = place, Fraction(1, block.rate)
        place += len(samples)
        yield frame
