"""Files to samples: every format that FFmpeg reads where PyAV is there, and WAV without it."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.io import wavfile

from avatar.core.errors import AudioError

HOW_TO_GET_MEDIA = "pip install 'avatar[media]'"

_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some mono samples in [-1, 1] at the rate of their file."""

    samples: Float[np.ndarray, " samples"]
    rate: int


def decoded_blocks(path: Path) -> Iterator[Block]:
    """Give the sound of a file in blocks; of a file that breaks off, what comes before.

    Raises:
        AudioError: it is missing, is no sound, or needs PyAV, which is not installed.
    """
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "there is no such file"
        raise AudioError(f"{path}: {found}")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty")
    if find_spec("av") is not None:
        return _by_av(path)
    if path.suffix.lower() == ".wav":
        return _by_scipy(path)
    raise AudioError(f"{path}: only .wav is read without PyAV; {HOW_TO_GET_MEDIA}")


def _by_av(path: Path) -> Iterator[Block]:
    import av  # noqa: PLC0415
    import av.error  # noqa: PLC0415

    heard = False
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError(f"{path}: there is no sound in this file")
            mono: av.AudioResampler | None = None
            for frame in container.decode(container.streams.audio[0]):
                # The rate is kept here: resampling is ours, the same with and without PyAV.
                mono = mono or av.AudioResampler(format="flt", layout="mono", rate=frame.rate)
                for part in mono.resample(frame):
                    heard = True
                    yield Block(samples=_finite(part.to_ndarray().reshape(-1)), rate=part.rate)
    except av.error.FFmpegError as error:
        # A broken end is cut off, as every player does.
        if not heard:
            raise AudioError(
                f"{path}: cannot be read as sound or video ({error.strerror})"
            ) from error


def _by_scipy(path: Path) -> Iterator[Block]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate, samples = wavfile.read(path, mmap=True)
    except (ValueError, EOFError, OSError) as error:
        raise AudioError(
            f"{path}: cannot be read as plain WAV ({error}); {HOW_TO_GET_MEDIA}"
        ) from error
    step = max(rate, 1) * _SECONDS
    for start in range(0, len(samples), step):
        block = _as_floats(np.asarray(samples[start : start + step]))
        yield Block(samples=block if block.ndim == 1 else block.mean(1), rate=rate)


def _as_floats(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / float(np.iinfo(samples.dtype).max)
    return _finite(samples.astype(np.float32))


def _finite(samples: np.ndarray) -> np.ndarray:
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
