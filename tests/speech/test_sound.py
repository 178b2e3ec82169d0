"""Sound comes in the same whatever its file, rate, channels and length."""

import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from avatar.core.errors import AudioError
from avatar.speech import decode
from avatar.speech.cut_utterances import cut_utterances
from avatar.speech.level import TARGET, measure_level
from avatar.speech.sound import Sound, sound_blocks

RATE = 16000


def heard(source: Sound | Path) -> np.ndarray:
    return np.concatenate(list(sound_blocks(source)))


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_keeps_its_pitch_phase_and_length_at_any_rate(rate):
    length = 2.3
    time = np.arange(int(rate * length)) / rate
    samples = heard(Sound(samples=np.sin(2 * np.pi * 440 * time), rate=rate))
    assert len(samples) == pytest.approx(length * RATE, abs=1)
    expected = np.sin(2 * np.pi * 440 * np.arange(len(samples)) / RATE)
    assert np.abs(samples - expected)[400:-400].max() < 1e-3


def test_what_lies_above_half_the_rate_does_not_fold_back():
    time = np.arange(48000) / 48000
    samples = heard(Sound(samples=np.sin(2 * np.pi * 12000 * time), rate=48000))
    assert np.abs(samples[400:-400]).max() < 1e-3


def test_channels_are_averaged(tone):
    stereo = np.stack([tone, np.zeros_like(tone)], 1)
    assert np.allclose(heard(Sound(samples=stereo, rate=RATE)), tone / 2, atol=1e-6)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a", "ogg"])
def test_formats_hold_the_same_sound(suffix, tone, tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / f"voice.{suffix}"
    names = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac", "ogg": "vorbis"}
    rate = 44100
    time = np.arange(2 * rate) / rate
    samples = np.interp(time, np.arange(len(tone)) / RATE, tone).astype(np.float32)
    with av.open(str(path), "w") as container:
        settings = {"strict": "experimental"} if suffix == "ogg" else {}
        stream = container.add_stream(names[suffix], rate=rate, options=settings)
        stream.layout = "stereo"
        frame = av.AudioFrame.from_ndarray(np.tile(samples, (2, 1)), format="fltp", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples = heard(path)
    assert len(samples) == pytest.approx(len(tone), rel=0.06)
    level, own = measure_level([samples]).speech, measure_level([tone]).speech
    assert level == pytest.approx(own, abs=0.5)


def test_wav_is_read_without_pyav_too(tone, tmp_path, monkeypatch):
    path = write_wav(tmp_path / "voice.wav", np.stack([tone, tone], 1), RATE)
    monkeypatch.setattr(decode, "find_spec", lambda name: None)
    assert np.abs(heard(path) - tone).max() < 1e-3
    other = tmp_path / "voice.mp3"
    other.write_bytes(b"ID3")
    with pytest.raises(AudioError, match=r"avatar\[media\]"):
        heard(other)


def test_a_file_that_breaks_off_gives_what_it_holds(tone, tmp_path):
    path = write_wav(tmp_path / "voice.wav", tone, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert len(heard(path)) == pytest.approx(len(tone) / 2, rel=0.1)


BAD = {
    "nothing": (b"", "empty"),
    "text": (b"hello, this is no sound at all" * 40, "cannot be read"),
    "no samples": (None, "0 samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_sound_is_refused_by_name(case, tmp_path):
    content, message = BAD[case]
    path = tmp_path / "voice.wav"
    if content is None:
        write_wav(path, np.zeros(0), RATE)
    else:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=message):
        heard(path)
    with pytest.raises(AudioError, match="no such file"):
        heard(tmp_path / "none.wav")


def test_a_header_with_an_impossible_rate_is_refused(tone, tmp_path):
    path = write_wav(tmp_path / "voice.wav", tone, 11)
    with pytest.raises(AudioError, match="header is wrong"):
        heard(path)


def test_a_video_without_sound_is_refused(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no sound in this file"):
        heard(path)


def test_loud_and_faint_recordings_come_to_the_same_level(tone):
    for factor in (0.01, 0.1, 1.0):
        level = measure_level([tone * factor])
        assert measure_level([tone * factor * level.gain]).speech == pytest.approx(TARGET, abs=0.6)


def test_silence_has_no_level_and_clipping_is_told(tone):
    assert measure_level([np.zeros(RATE, np.float32)]).speech is None
    assert measure_level([np.clip(tone * 30, -1, 1)]).clipped > 0.2


def test_an_hour_needs_no_more_memory_than_a_minute():
    second = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)

    def peak(seconds: int) -> int:
        blocks = (second for _ in range(seconds))
        tracemalloc.start()
        total = sum(len(piece.samples) for piece in cut_utterances(blocks))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == seconds * RATE
        return most

    assert peak(1200) < 1.3 * peak(60)


def test_pieces_are_cut_in_pauses(tone):
    gap = np.zeros(RATE // 2, np.float32)
    pieces = list(cut_utterances([tone, gap, tone, gap, tone], longest=3.5))
    assert 1.95 <= pieces[1].start <= 2.55
    assert sum(len(piece.samples) for piece in pieces) == 3 * len(tone) + 2 * len(gap)
