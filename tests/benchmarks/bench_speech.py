"""Lip sync on real voices: what the network hears, and what the lips of the mesh then do.

    python -m tests.benchmarks.bench_speech [--inputs FOLDER] [--weights FILE] [--update]

Truth: the phone timings that come with `audio/librivox`, and a forced alignment of the known words
of five more clips (other voices, angry and sad ones among them). Both are made by machine. Lips are
measured on the vertices of the head model's own lip regions, not by the gauge that closes them.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.default_head import default_head
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from avatar.speech.english import EnglishPhones
from avatar.speech.find_phones import load_network_weights
from avatar.speech.level import measure_level
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import perform
from avatar.speech.sound import Sound, sound_blocks
from avatar.speech.spell_out import spell_out
from avatar.speech.viseme_network import DELAYS, VisemeNetwork
from avatar.speech.visemes import VISEME_INDEX, Phone, Segment, frames_of, segments_of
from avatar.speech.viterbi import VisemeDecoder
from tests.benchmarks.metric import Metric, gate

RATE = 16000
FRAME = 1 / 30
FOOTWEAR = "are those shy eurasian footwear cowboy chaps or jolly earthmoving headgear"
LOCH = """the beige hue on the waters of the loch impressed all including the french queen before she
heard that symphony again just as young arthur wanted"""  # noqa: E501
YACHTING = """with tenure susie'd have all the more leisure for yachting but her publications are no
good"""
SPOKEN = {
    "jfk.flac": """and so my fellow americans ask not what your country can do for you ask what you
    can do for your country""",
    "a2f/Claire_anger.wav": LOCH,
    "a2f/Claire_sadness_16khz_10_sec.wav": f"{FOOTWEAR} {FOOTWEAR}",
    "a2f/Mark_joy.wav": YACHTING,
    "a2f/Mark_neutral.wav": YACHTING,
}
"""Clips whose words are known, and the words."""

LANGUAGES = ("RD_Radio31_000.wav", "bus_chinese.wav", "deyu.wav", "japanese.wav")


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A clip brought to its level, its words, and what is said when."""

    name: str
    samples: np.ndarray
    text: str
    truth: tuple[Segment, ...]


def levelled(path: Path) -> np.ndarray:
    """Return the samples at 16 kHz and the level all voices are brought to."""
    samples = np.concatenate(list(sound_blocks(path)))
    return samples * np.float32(measure_level([samples]).gain)


def librivox(folder: Path) -> list[Spoken]:
    """Return the read sentences with the timings that lie beside them."""
    found: list[Spoken] = []
    for path in sorted((folder / "librivox").glob("*.wav")):
        words = json.loads(path.with_suffix(".phone.json").read_text())["w"]
        phones = [
            Phone(name=phone["t"], start=phone["b"], end=phone["b"] + phone["d"])
            for word in words
            for phone in word["w"]
        ]
        text = path.with_suffix(".txt").read_text()
        truth = segments_of(phones)
        found.append(Spoken(name=path.stem, samples=levelled(path), text=text, truth=truth))
    return found


def aligned(folder: Path) -> list[Spoken]:
    """Return the clips whose words are known, aligned."""
    decoder = EnglishPhones()
    found: list[Spoken] = []
    for name, text in SPOKEN.items():
        samples = levelled(folder / name)
        phones = decoder.align(samples, spell_out(text))
        assert phones is not None, name
        truth = segments_of(phones)
        found.append(Spoken(name=name, samples=samples, text=text, truth=truth))
    return found


def with_noise(samples: np.ndarray, decibels: float) -> np.ndarray:
    """Add white noise, that many decibels under the voice."""
    noise = np.random.default_rng(0).standard_normal(len(samples))
    power = float((samples.astype(np.float64) ** 2).mean())
    return (samples + noise * np.sqrt(power) * 10 ** (-decibels / 20)).astype(np.float32)


def heard(samples: np.ndarray, delay: int, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the network's viseme of every hundredth of a second, each frame for itself."""
    return _probabilities(samples, delay, weights).argmax(1)


def decoded(samples: np.ndarray, delay: int, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return what the live decoder holds for the newest frame: no frame waits for later ones."""
    decoder = VisemeDecoder(memory=1)
    labels: list[int] = []
    for row in _probabilities(samples, delay, weights):
        decoder.push(row)
        labels.append(int(decoder.path()[-1]))
    return np.array(labels)


def _probabilities(samples: np.ndarray, delay: int, weights: dict[str, np.ndarray]) -> np.ndarray:
    network = VisemeNetwork(weights, delay=delay)
    padded = np.concatenate([samples, np.zeros(delay * 160, np.float32)])
    return network.push(padded)[delay:]


def accuracy(clips: list[Spoken], labels: list[np.ndarray]) -> float:
    """Return the share of frames with the right viseme."""
    right = total = 0
    for clip, label in zip(clips, labels, strict=True):
        right += int((frames_of(clip.truth, len(label)) == label).sum())
        total += len(label)
    return right / total


def event_f1(clips: list[Spoken], labels: list[np.ndarray], viseme: str) -> float:
    """Return the F1 of a viseme's events, which count as found within 30 ms."""
    hits = true = right = told = 0
    for clip, label in zip(clips, labels, strict=True):
        wanted = _events(frames_of(clip.truth, len(label)), viseme)
        given = _events(label, viseme)
        hits += sum(any(b > s - 3 and a < e + 3 for a, b in given) for s, e in wanted)
        right += sum(any(e > a - 3 and s < b + 3 for s, e in wanted) for a, b in given)
        true += len(wanted)
        told += len(given)
    recall, precision = hits / max(true, 1), right / max(told, 1)
    return 2 * recall * precision / max(recall + precision, 1e-9)


def _events(labels: np.ndarray, viseme: str) -> list[tuple[int, int]]:
    inside = np.concatenate([[0], (labels == VISEME_INDEX[viseme]).astype(int), [0]])
    edges = np.flatnonzero(np.diff(inside))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(frozen=True, kw_only=True)
class Lips:
    """Millimetres between the lips, and from the lower lip up to the upper incisors' edge."""

    opening: np.ndarray
    below_teeth: np.ndarray


def measure_mesh(model: HeadModel, clip: Clip) -> Lips:
    """Measure every frame on the lip regions of the model, in five columns across the mouth."""
    basis, rest = model.expression_basis[..., 1], model.template
    upper, lower = model.region("lip_upper"), model.region("lip_lower")
    corner = float(rest[upper | lower, 0].abs().max())
    front = rest[:, 2] > rest[upper | lower, 2].max() - 0.02
    gaps, middle = [], None
    for share in (-0.5, -0.25, 0.0, 0.25, 0.5):
        near = ((rest[:, 0] - share * corner).abs() < 0.0015) & front
        low = (rest[near & upper, 1] + clip.weights @ basis[:, near & upper]).amin(1)
        high = (rest[near & lower, 1] + clip.weights @ basis[:, near & lower]).amax(1)
        gaps.append(low - high)
        middle = high if share == 0 else middle
    teeth = rest[model.part("teeth_upper").faces.unique()]
    teeth = teeth[(teeth[:, 0].abs() < 0.008) & (teeth[:, 2] > teeth[:, 2].max() - 0.008)]
    assert middle is not None
    return Lips(
        opening=torch.stack(gaps).amax(0).numpy() * 1000,
        below_teeth=(float(teeth[:, 1].min()) - middle).numpy() * 1000,
    )


@dataclass
class Counts:
    """Closures and contacts: how many should be, how many are, how many should not."""

    closed: int = 0
    closures_wanted: int = 0
    runs: int = 0
    false_runs: int = 0
    contacts: int = 0
    contacts_wanted: int = 0


def count_contacts(counts: Counts, clip: Clip, lips: Lips, truth: tuple[Segment, ...]) -> None:
    """Add what the lips do where the truth has p b m and f v, and closures where it has not."""
    times = clip.times.numpy()
    shut = lips.opening <= 0.0
    allowed = np.zeros(len(times), bool)
    for segment in truth:
        inside = (times >= segment.start - 2 * FRAME) & (times <= segment.end + 2 * FRAME)
        if segment.viseme == "closed":
            counts.closures_wanted += 1
            counts.closed += bool(shut[inside].any())
        if segment.viseme == "teeth_on_lip":
            counts.contacts_wanted += 1
            touching = (np.abs(lips.below_teeth) < 1.5) & (lips.opening > 0.3)
            counts.contacts += bool(touching[inside].any())
        if segment.viseme in ("closed", "silence"):
            allowed |= inside
    edges = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(int), [0]])))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        counts.runs += 1
        counts.false_runs += not allowed[first:stop].any()


def lip_metrics(clips: list[Spoken], head: Avatar, model: HeadModel) -> list[Metric]:
    """Let the head say the clips with their words and with none, and measure its lips."""
    metrics: list[Metric] = []
    for way in ("text", "recogniser"):
        counts = Counts()
        spent = seconds = 0.0
        for clip in clips:
            text = clip.text if way == "text" else None
            phones = "align" if way == "text" else "recognise"
            start = time.process_time()
            sound = Sound(samples=clip.samples, rate=RATE)
            made = perform(sound, head, SpeakOptions(text=text, phones=phones)).clip
            spent += time.process_time() - start
            seconds += len(clip.samples) / RATE
            count_contacts(counts, made, measure_mesh(model, made), clip.truth)
        sys.stdout.write(f"{way}: {counts}, processor time / sound {spent / seconds:.3f}\n")
        metrics += [
            _share(f"{way}: p b m that close the lips", counts.closed, counts.closures_wanted),
            _share(f"{way}: f v on the teeth", counts.contacts, counts.contacts_wanted),
            _share(f"{way}: closures that are none", counts.false_runs, counts.runs, "lower"),
        ]
    return metrics


def _share(name: str, part: int, whole: int, better: str = "higher") -> Metric:
    direction = "higher is better" if better == "higher" else "lower is better"
    value = part / max(whole, 1)
    return Metric(name=name, value=value, unit="of all", direction=direction, tolerance=0.1)


def network_metrics(clips: list[Spoken], name: str, weights: dict[str, np.ndarray]) -> list[Metric]:
    """Return what the network gets right on these clips, clean and in noise, and its speed."""
    values: dict[str, float] = {}
    for delay in DELAYS:
        labels = [heard(clip.samples, delay, weights) for clip in clips]
        values[f"visemes right, {10 * delay} ms"] = accuracy(clips, labels)
        if delay in (8, 12):
            for viseme in ("closed", "teeth_on_lip", "oo"):
                values[f"F1 of {viseme}, {10 * delay} ms"] = event_f1(clips, labels, viseme)
            steady = [decoded(clip.samples, delay, weights) for clip in clips]
            closed = event_f1(clips, steady, "closed")
            values[f"F1 of closed, {10 * delay} ms, decoded live"] = closed
    noisy = [heard(with_noise(clip.samples, 10), 8, weights) for clip in clips]
    values["visemes right, 80 ms, noise 10 dB"] = accuracy(clips, noisy)
    return [
        Metric(
            name=f"network on {name}: {key}",
            value=value,
            unit="",
            direction="higher is better",
            tolerance=0.05,
        )
        for key, value in values.items()
    ]


def report_speed(clip: Spoken, weights: dict[str, np.ndarray]) -> None:
    """Print what streaming in chunks of 20 ms costs."""
    network = VisemeNetwork(weights)
    spent: list[float] = []
    for start in range(0, len(clip.samples) - 320, 320):
        before = time.process_time()
        network.push(clip.samples[start : start + 320])
        spent.append(1000 * (time.process_time() - before))
    sys.stdout.write(
        f"streaming: processor time / sound {np.mean(spent) / 20:.3f}, a chunk of 20 ms takes"
        f" {np.median(spent):.2f} ms (median), {np.percentile(spent, 99):.2f} ms (99 %)\n"
    )


def report_languages(folder: Path, head: Avatar, model: HeadModel) -> None:
    """Print how far the mouth opens where there is voice and where there is none."""
    for name in LANGUAGES:
        sound = Sound(samples=levelled(folder / "languages" / name), rate=RATE)
        made = perform(sound, head, SpeakOptions(language="any", phones="network"))
        opening = np.maximum(measure_mesh(model, made.clip).opening, 0)
        frames = int(len(sound.samples) / 160)
        power = (sound.samples[: frames * 160].reshape(frames, 160) ** 2).mean(1)
        loud = 10 * np.log10(np.convolve(power, np.ones(11) / 11, "same") + 1e-10)
        at = np.interp(made.clip.times.numpy(), np.arange(frames) / 100, loud)
        voiced, silent = opening[at > -35], opening[at < -55]
        quiet = f"{silent.mean():.1f}" if len(silent) > 20 else "(no silence)"
        sys.stdout.write(f"{name}: open {voiced.mean():.1f} mm in voice, {quiet} in silence\n")


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[3] / "shared" / "inputs"
    parser.add_argument("--inputs", type=Path, default=default)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = arguments.inputs / "audio"
    weights = load_file(arguments.weights) if arguments.weights else load_network_weights()
    read, more = librivox(folder), aligned(folder)
    model = load_model()
    head = default_head(model)
    metrics = [
        *lip_metrics([*read, *more], head, model),
        *network_metrics(read, "librivox", weights),
        *network_metrics([*read, *more], "8 clips", weights),
    ]
    report_speed(read[0], weights)
    report_languages(folder, head, model)
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3f} {metric.unit}\n")
    baseline = Path(__file__).with_name("bench_speech.json")
    problems = gate(metrics, baseline, update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
