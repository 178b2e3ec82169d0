"""A voice to a clip: everything a face does while it says it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.speech.coarticulate import LEAD, bridged, coarticulate
from avatar.speech.emotions import emotion_layer
from avatar.speech.find_phones import FoundPhones, find_phones
from avatar.speech.head_motion import JOINTS, head_turns, joint_rotations
from avatar.speech.level import Level, measure_level
from avatar.speech.lip_gauge import LipGauge, measure_lips
from avatar.speech.occlude import occlude
from avatar.speech.openness import open_jaw, openness_of_segments, smooth_openness
from avatar.speech.options import SpeakOptions
from avatar.speech.prosody import Prosody, measure_prosody, smooth_pitch
from avatar.speech.sound import SoundSource, sound_blocks
from avatar.speech.styles import STYLES
from avatar.speech.upper_face import Speech, accents, add_blinks, add_brows, add_glances
from avatar.speech.visemes import Segment

_SMOOTH = 0.012
_CLIPPED = 0.002
_PHRASE_END = 0.25
_STEADY = 2.5
_VOICED = 0.06

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Performance:
    """A clip, the visemes it was made from, how they were found, and what to know about it."""

    clip: Clip
    segments: tuple[Segment, ...]
    method: str
    warnings: tuple[str, ...]


def perform(
    sound: SoundSource,
    avatar: Avatar,
    options: SpeakOptions | None = None,
    progress: Progress | None = None,
) -> Performance:
    """Return what the head does while it says this; the clip is as long as the sound.

    Raises:
        AudioError: the sound cannot be read or is empty.
        OptionError: text and sound do not go together, see `find_phones`.
        ModelError: the head's lips do not move.
    """
    options = options or SpeakOptions()
    tell = progress or _untold
    gauge = measure_lips(avatar)
    tell("listening", 0.0)
    level = measure_level(sound_blocks(sound))

    def blocks() -> Iterator[Float[np.ndarray, " _"]]:
        for block in sound_blocks(sound):
            yield block * np.float32(level.gain)

    prosody = measure_prosody(blocks())
    tell("finding the sounds", 0.2)
    found, warnings = _found(blocks, level, prosody, options)
    tell("moving the face", 0.9)
    times = np.arange(int(level.seconds * options.fps) + 1) / options.fps
    speech = _speech(prosody, found.segments, times)
    style = STYLES[options.style]
    mouth = _mouth(found, speech, options, gauge)
    draw = np.random.default_rng(options.seed)
    marks = accents(speech, draw)
    weights = mouth + emotion_layer(options.emotion, options.emotion_amount, speech.loudness)
    add_brows(weights, speech, marks, options.brows * style.upper_face)
    if options.gaze:
        add_glances(weights, speech, draw)
    weights = torch.from_numpy(weights.clip(0, 1).astype(np.float32))
    weights = occlude(weights, bridged(found.segments), times, gauge).clamp(0, 1).numpy()
    if options.blinks:
        add_blinks(weights, speech, draw)
    joints = tuple(name for name in JOINTS if name in avatar.rig.joint_names)
    amount = options.head_motion * style.upper_face
    turns = head_turns(speech, marks, amount, draw)
    moving = bool(joints) and options.head_motion > 0
    clip = Clip(
        times=torch.from_numpy(times).float(),
        weights=torch.from_numpy(weights),
        joint_names=joints if moving else (),
        joint_rotations=joint_rotations(turns, joints) if moving else None,
        name="speech",
    )
    return Performance(
        clip=clip, segments=found.segments, method=found.method, warnings=(*warnings,)
    )


def _untold(_stage: str, _done: float) -> None:
    """Take progress that nobody asked for."""


def _found(
    blocks: Callable[[], Iterator[np.ndarray]],
    level: Level,
    prosody: Prosody,
    options: SpeakOptions,
) -> tuple[FoundPhones, list[str]]:
    warnings: list[str] = []
    if level.clipped > _CLIPPED:
        warnings.append(
            f"{100 * level.clipped:.1f} % of the samples are clipped: recorded too loud"
        )
    problem = _no_voice(level, prosody)
    if problem and options.text is None:
        warnings.append(f"{problem}: the mouth stays at rest")
        silence = Segment(viseme="silence", start=0.0, end=level.seconds)
        return FoundPhones(segments=(silence,), method="none"), warnings
    found = find_phones(blocks, level.seconds, options)
    warnings += found.warnings
    return found, warnings


def _no_voice(level: Level, prosody: Prosody) -> str | None:
    """Return why there is nobody to be heard, None if there may be."""
    if level.speech is None or not prosody.active.any():
        return "the sound is silent"
    active = prosody.loudness[prosody.active]
    voiced = (prosody.pitch[prosody.active] > 0).mean()
    if voiced < _VOICED and gaussian_filter1d(active, 5).std() < _STEADY:
        return "there is only noise"
    return None


def _speech(prosody: Prosody, segments: tuple[Segment, ...], times: np.ndarray) -> Speech:
    """Return the prosody at the clip's frames, relative to what is usual in this recording."""
    own = (np.arange(len(prosody.loudness)) + 0.5) / 100
    calm = gaussian_filter1d(prosody.loudness, 4) if len(own) else prosody.loudness
    usual = float(np.median(calm[prosody.active])) if prosody.active.any() else 0.0
    silent = [s for s in segments if s.viseme == "silence" and s.seconds >= _PHRASE_END]
    speaking = np.ones(len(times), np.float32)
    for pause in silent:
        first, stop = np.searchsorted(times, (pause.start, pause.end))
        speaking[first:stop] = 0
    if len(own) == 0:
        own, calm = np.zeros(1), np.zeros(1, np.float32)
    tones = smooth_pitch(prosody) if len(prosody.pitch) else np.zeros(1, np.float32)
    return Speech(
        times=times,
        loudness=np.interp(times, own, np.clip((calm - usual) / 8, -1.5, 1.5)),
        pitch=np.interp(times, own, tones),
        speaking=gaussian_filter1d(speaking, max(0.08 * _rate(times), 1e-3)),
        pauses=tuple(pause.start + 0.05 for pause in silent),
    )


def _mouth(
    found: FoundPhones, speech: Speech, options: SpeakOptions, gauge: LipGauge
) -> Float[np.ndarray, "frames 52"]:
    style, times = STYLES[options.style], speech.times
    curves = coarticulate(found.segments, times, style)
    curves = gaussian_filter1d(curves, max(_SMOOTH * _rate(times), 1e-3), axis=0)
    openness = found.openness
    if openness is None:
        openness = openness_of_segments(found.segments, int(100 * times[-1]) + 1)
    openness = smooth_openness(openness)
    own = (np.arange(len(openness)) + 0.5) / 100
    ahead = times + LEAD
    loudness = np.interp(ahead, times, speech.loudness)
    open_jaw(curves, np.interp(ahead, own, openness), loudness, style, gauge)
    return (curves * options.intensity).clip(0, 1)


def _rate(times: np.ndarray) -> float:
    return float(1 / (times[1] - times[0])) if len(times) > 1 else 1.0
