"""Live speech: on time, at rest when nobody speaks, and sane whatever comes in."""

import io
import struct
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import avatar.speech.listen as listening
from avatar.animation.clip_file import load_clip
from avatar.animation.join import join_frames
from avatar.animation.resample import resample
from avatar.cli import main
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.errors import AudioError, OptionError
from avatar.speech.listen import PIECE, Voice, listen
from avatar.speech.options import SpeakOptions
from avatar.speech.pcm_stream import PcmFormat, pcm_blocks
from avatar.speech.perform import perform
from avatar.speech.perform_live import LiveSpeaker
from avatar.speech.sound import sound_blocks

RATE = 16000
JAW = ARKIT_INDEX["jawOpen"]
STILL = {"head_motion": 0.0, "brows": 0.0, "blinks": False, "gaze": False}


def pieces(samples, size=PIECE):
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize("look_ahead", [0, 40, 80, 120])
def test_each_frame_comes_once_its_delay_has_passed_and_no_later(head, tone, look_ahead):
    speaker = LiveSpeaker(head, look_ahead=look_ahead)
    assert speaker.latency == pytest.approx(look_ahead / 1000 + 0.08)
    heard, shown = 0, 0
    for piece in pieces(tone, 160):
        heard += len(piece)
        for frame in speaker.push(piece):
            late = heard / RATE - float(frame.times[0])
            assert speaker.latency - 1e-4 <= late < speaker.latency + 0.0101
            assert float(frame.times[0]) == pytest.approx(shown / 60, abs=1e-4)
            shown += 1
    assert shown == int((2.0 - speaker.latency) * 60 + 1e-6) + 1


def test_the_mouth_rests_when_nobody_speaks_and_recovers_after_a_drop_out(head, tone):
    speaker = LiveSpeaker(head, SpeakOptions(**STILL))
    quiet = np.zeros(RATE, np.float32)
    before = join_frames([f for p in pieces(quiet) for f in speaker.push(p)])
    spoken = join_frames([f for p in pieces(tone) for f in speaker.push(p)])
    after = join_frames([f for p in pieces(quiet) for f in speaker.push(p)])
    assert float(before.weights[:, JAW].max()) < 0.05
    assert float(spoken.weights[:, JAW].max()) > 0.1
    assert float(after.weights[-15:, JAW].max()) < 0.05
    assert float(after.weights.diff(dim=0).abs().max()) < 0.5


def test_live_lips_do_what_they_do_offline(head, gauge, inputs):
    path = inputs / "audio" / "jfk.flac"
    samples = np.concatenate(list(sound_blocks(path)))
    speaker = LiveSpeaker(head, SpeakOptions(**STILL))
    live = join_frames([f for p in pieces(samples) for f in speaker.push(p)])
    offline = perform(path, head, SpeakOptions(phones="network", **STILL)).clip
    there = resample(offline, live.times)
    for name in ("jawOpen", "mouthPucker"):
        column = ARKIT_INDEX[name]
        pair = torch.stack([live.weights[:, column], there.weights[:, column]])
        assert float(torch.corrcoef(pair)[0, 1]) > 0.75
    assert float(gauge.opening(live.weights).min()) <= 0
    assert float(live.weights.min()) >= 0
    assert float(live.weights.max()) <= 1


def test_the_rest_of_the_face_lives_and_its_seed_counts(head):
    quiet = np.zeros(8 * RATE, np.float32)
    takes = [
        join_frames(LiveSpeaker(head, SpeakOptions(seed=seed)).push(quiet)) for seed in (0, 0, 1)
    ]
    assert torch.equal(takes[0].weights, takes[1].weights)
    assert not torch.equal(takes[0].joint_rotations, takes[2].joint_rotations)
    assert float(takes[0].weights[:, ARKIT_INDEX["eyeBlinkLeft"]].max()) > 0.9
    assert takes[0].joint_rotations.norm(dim=-1).sub(1).abs().max() < 1e-5


def test_memory_does_not_grow_with_what_was_said(head, tone):
    import tracemalloc

    speaker = LiveSpeaker(head)
    for piece in pieces(tone, 1600):
        speaker.push(piece)
    tracemalloc.start()
    for piece in pieces(tone, 1600):
        speaker.push(piece)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The last second of loudness and the idle face's next half minute; no more.
    assert kept < 2_000_000


def test_odd_samples_and_odd_options(head, tone):
    broken = tone.copy()
    broken[::7] = np.nan
    broken[1::9] = np.inf
    frames = LiveSpeaker(head).push(broken)
    assert all(bool(torch.isfinite(frame.weights).all()) for frame in frames)
    with pytest.raises(OptionError, match="look_ahead"):
        LiveSpeaker(head, look_ahead=50)
    with pytest.raises(OptionError, match="text"):
        LiveSpeaker(head, SpeakOptions(text="hello"))


def wav(samples, rate, kind="<i2", tag=1):
    """A WAV as a stream has it: its lengths are not known yet."""
    bits = 8 * int(kind[-1])
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16, tag, 1, rate,
                       rate * bits // 8, bits // 8, bits)  # fmt: skip
    return head + b"LIST" + struct.pack("<I", 4) + b"none" + b"data\xff\xff\xff\xff" + samples


@pytest.mark.parametrize(("rate", "kind", "tag"), [(16000, "<i2", 1), (48000, "<f4", 3)])
def test_a_pipe_of_wav_says_itself_what_it_is(tone, rate, kind, tag):
    slow = np.repeat(tone, rate // RATE)
    scaled = slow * (32767 if kind == "<i2" else 1)
    data = wav(scaled.astype(kind).tobytes(), rate, kind, tag)
    heard = np.concatenate(list(pcm_blocks(io.BytesIO(data), PcmFormat())))
    assert len(heard) == pytest.approx(len(tone), abs=2)
    assert np.corrcoef(heard[: len(tone) - 2], tone[: len(heard)][: len(tone) - 2])[0, 1] > 0.99


def test_raw_samples_are_taken_as_told(tone):
    stereo = np.repeat((tone * 32767).astype("<i2"), 2).tobytes()
    heard = np.concatenate(list(pcm_blocks(io.BytesIO(stereo), PcmFormat(channels=2))))
    assert np.abs(heard - tone).max() < 1e-3


@pytest.mark.parametrize(
    ("data", "pcm", "message"),
    [
        (b"", PcmFormat(), "0 samples"),
        (b"RIFF\0\0\0\0AVI ", PcmFormat(), "no WAV"),
        (wav(b"", 16000)[:30], PcmFormat(), "breaks off"),
        (wav(b"\0" * 99, 16000, "<i8"), PcmFormat(), "16 or 32 bits"),
        (wav(b"\0" * 99, 50), PcmFormat(), "rate"),
        (b"\0" * 99, PcmFormat(rate=1), "rate"),
        (b"\0" * 99, PcmFormat(channels=0), "channels"),
    ],
    ids=["empty", "avi", "short", "64 bits", "odd rate", "odd raw rate", "no channels"],
)
def test_a_pipe_of_something_else_is_refused(data, pcm, message):
    with pytest.raises(AudioError, match=message):
        list(pcm_blocks(io.BytesIO(data), pcm))


class Stalling(io.RawIOBase):
    """A pipe that gives half a second, then nothing for a while, then ends."""

    def __init__(self):
        self.left, self.stalled = 25, False

    def read(self, size=-1):
        if self.left:
            self.left -= 1
            return b"\1\0" * (size // 2)
        if not self.stalled:
            self.stalled = True
            time.sleep(1.2)
        return b""


def test_a_pipe_that_stalls_gives_silence_in_step_with_the_clock(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Stalling()))
    start = time.monotonic()
    given = list(listen(Voice(source="-")))
    took = time.monotonic() - start
    seconds = sum(map(len, given)) / RATE
    assert seconds > 0.6
    assert seconds < took + 0.2
    assert any(float(np.abs(piece).max()) == 0 for piece in given)


class FakeMicrophone:
    """A driver that calls back a few times, then falls silent as an unplugged one does."""

    PortAudioError = OSError

    @staticmethod
    def query_devices(device, _kind):
        if device == "none such":
            raise ValueError("No input device matching 'none such'")
        return {"default_samplerate": 48000.0}

    class InputStream:
        def __init__(self, *, callback, blocksize, **_options):
            self.callback, self.blocksize = callback, blocksize

        def start(self):
            for _ in range(10):
                self.callback(np.full((self.blocksize, 2), 0.1, np.float32), 0, None, None)

        def close(self):
            pass


def test_a_microphone_that_vanishes_is_told_after_silence(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeMicrophone)
    monkeypatch.setattr(listening, "_GONE", 0.4)
    given = []
    with pytest.raises(AudioError, match="gives no more sound"):
        given.extend(listen(Voice()))
    given = []
    heard = listen(Voice())
    given = [next(heard) for _ in range(15)]
    heard.close()
    assert max(float(np.abs(piece).max()) for piece in given) == pytest.approx(0.1, abs=0.02)
    assert float(np.abs(given[-1]).max()) == 0


def test_a_microphone_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeMicrophone)
    with pytest.raises(AudioError, match="'none such' that can be opened"):
        list(listen(Voice(source="none such")))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match=r"avatar\[live\]"):
        list(listen(Voice()))


def test_the_command_speaks_from_a_pipe_and_keeps_the_take(tone, tmp_path, monkeypatch, capsys):
    data = (tone * 32767).astype("<i2")[: RATE // 2].tobytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    take = tmp_path / "take.npz"
    arguments = ["speak", "-", "--live", "--send", "livelink://127.0.0.1:9", "-o", str(take)]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "delay of 160 ms" in said.err
    assert said.out.split() == [str(take)]
    clip = load_clip(take)
    assert float(clip.times[-1]) > 0.5
    assert float(clip.weights[:, JAW].max()) > 0.05


def test_without_a_microphone_nothing_is_promised(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["speak", "--live"]) == 2
    said = capsys.readouterr().err
    assert "avatar[live]" in said
    assert "delay" not in said


BAD = {
    "send offline": (["speak", "a.wav", "--send", "vmc://localhost"], "add --live"),
    "film": (["speak", "--live", "-o", "talk.mp4"], "ending in"),
    "text": (["speak", "-", "--live", "--text", "hello"], "text"),
    "no sound": (["speak"], "one sound"),
}


@pytest.mark.parametrize("case", BAD)
def test_odd_wishes_get_a_line(case, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"OggS\0\2\0\0", "Ogg"),
        (b"fLaC\0\0\0\x22", "FLAC"),
        (b"ID3\4\0\0\0\0", "MP3"),
        (b"\0\0\0\x20ftypisom", "MP4"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81", "WebM"),
    ],
)
def test_compressed_sound_in_a_pipe_is_not_taken_for_samples(start: bytes, name: str):
    with pytest.raises(AudioError, match=f"{name}.*ffmpeg"):
        list(pcm_blocks(io.BytesIO(start + bytes(4000)), PcmFormat()))
