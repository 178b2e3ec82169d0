"""The sound of a clip, where the machine can play it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from avatar.speech.sound import sound_track


class Sound:
    """Plays a sound from any place; silent where sounddevice or a loudspeaker is missing."""

    def __init__(self, path: Path) -> None:
        blocks = list(sound_track(path))
        self._rate = blocks[0].rate if blocks else 1
        self._samples = np.concatenate([b.samples for b in blocks] or [np.zeros(0)])
        self._samples = self._samples.astype(np.float32)
        self._device = _sounddevice()

    @property
    def audible(self) -> bool:
        """Whether anything is heard."""
        return self._device is not None

    def play(self, seconds: float) -> None:
        """Play on from here."""
        if self._device is None:
            return
        try:
            self._device.play(self._samples[int(seconds * self._rate) :], self._rate)
        except self._device.PortAudioError:
            self._device = None

    def stop(self) -> None:
        """Be still."""
        if self._device is not None:
            self._device.stop()


def _sounddevice() -> Any:  # noqa: ANN401 -- a module
    if find_spec("sounddevice") is None:
        return None
    try:
        import sounddevice  # noqa: PLC0415
    except OSError:  # no PortAudio
        return None
    return sounddevice
