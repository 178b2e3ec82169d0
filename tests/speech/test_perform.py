"""A voice to a clip: sane whatever comes in."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.errors import AudioError, OptionError
from avatar.speech.espeak import has_espeak
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import perform
from avatar.speech.sound import Sound

RATE = 16000
QUIET = {"head_motion": 0.0, "brows": 0.0, "blinks": False, "gaze": False}
JFK = """and so my fellow americans ask not what your country can do for you ask what you can do
for your country"""


def noise(seconds: float) -> Sound:
    draw = np.random.default_rng(0)
    samples = 0.1 * draw.standard_normal(int(seconds * RATE)).astype(np.float32)
    return Sound(samples=samples, rate=RATE)


def music() -> Sound:
    """Chords of two seconds, half a second each."""
    time = np.arange(RATE // 2) / RATE
    chords = [(220, 277, 330), (196, 247, 294), (262, 330, 392), (175, 220, 262)]
    notes = [sum(np.sin(2 * np.pi * f * time) for f in chord) / 6 for chord in chords]
    return Sound(samples=(np.concatenate(notes)).astype(np.float32), rate=RATE)


def assert_sane(clip) -> None:
    assert bool((clip.times.diff() > 0).all())
    assert float(clip.weights.min()) >= 0
    assert float(clip.weights.max()) <= 1
    assert bool(torch.isfinite(clip.weights).all())
    if clip.joint_rotations is not None:
        assert clip.joint_rotations.norm(dim=-1).sub(1).abs().max() < 1e-4


def test_known_words_close_the_lips_in_time(head, gauge, inputs: Path):
    made = perform(inputs / "audio" / "jfk.flac", head, SpeakOptions(text=JFK))
    assert made.method == "text"
    assert_sane(made.clip)
    times, opening = made.clip.times, gauge.opening(made.clip.weights)
    closed = [segment for segment in made.segments if segment.viseme == "closed"]
    assert len(closed) >= 2
    for segment in closed:
        near = (times > segment.start - 0.067) & (times < segment.end + 0.067)
        assert opening[near].min() <= 0
    assert opening.max() > 0.006


def test_another_text_is_noticed_and_left_aside(head, inputs: Path):
    text = "the quick brown fox jumps over the lazy dog while birds sing near the river bank"
    sound = inputs / "audio" / "librivox" / "sense_and_sensibility_01_austen_64kb-0880.wav"
    made = perform(sound, head, SpeakOptions(text=text))
    assert made.method != "text"
    assert any("does not seem to be what is said" in warning for warning in made.warnings)
    assert_sane(made.clip)


def test_silence_and_noise_leave_the_mouth_at_rest(head, gauge):
    silent = Sound(samples=np.zeros(2 * RATE, np.float32), rate=RATE)
    for sound, word in ((silent, "silent"), (noise(3), "only noise")):
        made = perform(sound, head, SpeakOptions(**QUIET))
        assert any(word in warning for warning in made.warnings)
        assert gauge.opening(made.clip.weights).max() < 0.001
        assert made.clip.weights.diff(dim=0).abs().max() < 2e-3


def test_music_gives_a_sane_clip_and_is_told(head):
    made = perform(music(), head)
    assert_sane(made.clip)
    assert any("music" in warning for warning in made.warnings)


def test_a_wrong_rate_in_the_header_gives_a_sane_clip_and_is_told(head, inputs: Path):
    from scipy.io import wavfile

    path = inputs / "audio" / "librivox" / "sense_and_sensibility_01_austen_64kb-0880.wav"
    rate, samples = wavfile.read(path)
    sound = Sound(samples=samples.astype(np.float32) / 32768, rate=rate // 2)
    made = perform(sound, head)
    assert_sane(made.clip)
    assert any("sample rate" in warning for warning in made.warnings)


@pytest.mark.skipif(not has_espeak(), reason="needs the espeak-ng command")
@pytest.mark.parametrize(
    ("language", "text", "method", "warning"),
    [
        ("en-gb", None, "text", None),
        ("de", "Guten Morgen, heute scheint die Sonne und wir baden", "network", "not seem to be"),
        ("de", "Guten Morgen, heute scheint die Sonne. " * 20, "network", "longer than can be"),
    ],
)
def test_words_of_another_language_are_aligned_if_they_fit(
    head, inputs: Path, language, text, method, warning
):
    """Any language but "en" goes through espeak-ng and the network, British English too."""
    path = inputs / "audio" / "librivox" / "sense_and_sensibility_01_austen_64kb-0890.wav"
    said = text or path.with_suffix(".txt").read_text()
    made = perform(path, head, SpeakOptions(text=said, language=language))
    assert made.method == method
    assert_sane(made.clip)
    assert [warning in told for told in made.warnings] == ([True] if warning else [])


def test_nothing_to_hear_is_an_error(head):
    with pytest.raises(AudioError, match="0 samples"):
        perform(Sound(samples=np.zeros(0, np.float32), rate=RATE), head)


def test_the_shortest_sound_gives_a_clip(head):
    made = perform(Sound(samples=np.full(7, 0.1, np.float32), rate=RATE), head)
    assert len(made.clip.times) == 1


def test_the_same_seed_performs_the_same_and_another_differs(head, tone):
    sound = Sound(samples=np.tile(tone, 3), rate=RATE)
    text = "my baby bumped the pump"
    clips = [
        perform(sound, head, SpeakOptions(text=text, phones="align", seed=seed)).clip
        for seed in (1, 1, 2)
    ]
    assert torch.equal(clips[0].weights, clips[1].weights)
    assert not torch.equal(clips[0].joint_rotations, clips[2].joint_rotations)
    # What the lips say does not depend on chance.
    mouth = [ARKIT_INDEX[name] for name in ("jawOpen", "mouthClose", "mouthPucker")]
    assert torch.equal(clips[0].weights[:, mouth], clips[2].weights[:, mouth])


def test_eyes_blink_now_and_then(head):
    made = perform(noise(30), head)
    lid = made.clip.weights[:, ARKIT_INDEX["eyeBlinkLeft"]]
    blinks = int(((lid[1:] > 0.5) & (lid[:-1] <= 0.5)).sum())
    assert 3 <= blinks <= 25


def test_joy_smiles_through_the_speech(head):
    smile = ARKIT_INDEX["mouthSmileLeft"]
    plain = perform(noise(1), head).clip.weights[:, smile]
    happy = perform(noise(1), head, SpeakOptions(emotion="joy")).clip.weights[:, smile]
    assert happy.mean() > plain.mean() + 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "  "}, "text"),
        ({"fps": 1.0}, "fps"),
        ({"phones": "align"}, "needs the text"),
        ({"emotion_amount": 2.0}, "emotion_amount"),
    ],
)
def test_options_that_make_no_sense_are_named(options, message):
    with pytest.raises(OptionError, match=message):
        SpeakOptions(**options)


def test_a_text_without_english_words_asks_for_the_language(head, tone):
    sound = Sound(samples=tone, rate=RATE)
    with pytest.raises(OptionError, match="--language"):
        perform(sound, head, SpeakOptions(text="\u4f60\u597d\u4e16\u754c"))
