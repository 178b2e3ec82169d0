"""Writes small videos for tests."""

from fractions import Fraction

import av
import numpy as np


def write_video(path, frames, times=None, rate=25, codec="mpeg4", sound=False):
    """Write (height, width, 3) 8-bit frames; `times` in seconds make an uneven frame rate."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 8_000_000
        stream.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            seconds = index / rate if times is None else times[index]
            frame.pts, frame.time_base = round(seconds * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio is not None:
            write_sound(container, audio, len(frames) / rate)


def write_sound(container, stream, seconds):
    """Append a quiet tone to an open container."""
    count = round(16000 * seconds)
    tone = (0.1 * np.sin(np.arange(count) * 0.1)).astype(np.float32)
    for start in range(0, count, 1024):
        block = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
        block.sample_rate, block.pts = 16000, start
        container.mux(stream.encode(block))
    container.mux(stream.encode())


def moving_picture(photo, count, step=2):
    """Return frames of a window that slides over a photo, `step` pixels a frame."""
    height, width = photo.shape[0] // 2 * 2 - count * step, photo.shape[1] // 2 * 2 - count * step
    height, width = height // 16 * 16, width // 16 * 16
    return [
        photo[index * step : index * step + height, index * step : index * step + width]
        for index in range(count)
    ]
