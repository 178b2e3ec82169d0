"""Whether a film can be written, told before anything slow is loaded or made."""

from importlib.util import find_spec
from pathlib import Path

from avatar.animation.film_options import FilmOptions
from avatar.core.errors import OptionError, OutputError
from avatar.speech.decode import HOW_TO_GET_MEDIA

ENCODERS = {"vp9": "libvpx-vp9", "av1": "libsvtav1", "mpeg4": "mpeg4", "h264": "libx264"}
"""FFmpeg's name of each codec's encoder."""


def check_film(path: Path, options: FilmOptions) -> None:
    """Refuse what could only fail after minutes of rendering.

    Raises:
        OutputError: PyAV is missing, or cannot make this kind of film.
        OptionError: a codec that this kind of file does not take.
    """
    if find_spec("av") is None:
        raise OutputError(f"{path}: films need PyAV; {HOW_TO_GET_MEDIA}")
    import av.codec  # noqa: PLC0415

    encoder = ENCODERS[options.codec]
    if encoder not in av.codec.codecs_available:
        raise OutputError(
            f"{path}: this PyAV cannot encode {options.codec}; choose another --codec"
        )
    if path.suffix.lower() == ".webm" and options.codec not in ("vp9", "av1"):
        raise OptionError(f"codec: .webm takes vp9 or av1, got {options.codec}")
