"""The network: the same in any chunks, causal, and right more often than not."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.speech.find_phones import load_network_weights
from avatar.speech.level import measure_level
from avatar.speech.log_mel import LogMel
from avatar.speech.sound import sound_blocks
from avatar.speech.viseme_network import DELAYS, VisemeNetwork
from avatar.speech.visemes import VISEMES, Phone, frames_of, segments_of

HALF = 16000
"""Half of the samples of the fixture `tone`."""

SCRIPTS = Path(__file__).parents[2] / "assets" / "scripts" / "speech"


def test_chunks_of_any_size_give_the_same(tone):
    whole = VisemeNetwork(load_network_weights()).push(tone)
    for size in (160, 333, 4000):
        network = VisemeNetwork(load_network_weights())
        parts = [network.push(tone[start : start + size]) for start in range(0, len(tone), size)]
        assert np.abs(np.concatenate(parts) - whole).max() < 1e-4
    assert whole.shape == (len(tone) // 160, len(VISEMES))
    assert np.allclose(whole.sum(1), 1, atol=1e-5)


def test_the_future_does_not_change_the_past(tone):
    other = tone.copy()
    other[HALF:] = 0
    first = VisemeNetwork(load_network_weights()).push(tone)[: HALF // 160]
    second = VisemeNetwork(load_network_weights()).push(other)[: HALF // 160]
    assert np.abs(first - second).max() < 1e-6


def test_level_makes_no_difference_once_the_mean_is_known(tone):
    loud, faint = LogMel().push(tone), LogMel().push(tone * 0.1)
    assert np.abs(loud[-20:] - faint[-20:]).mean() < 0.35 * np.abs(loud[:5] - faint[:5]).mean()


def test_silence_is_silent():
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(32000).astype(np.float32)
    rows = VisemeNetwork(load_network_weights()).push(quiet)
    assert (rows[100:].argmax(1) == 0).mean() > 0.9


def test_read_sentences_are_heard(inputs: Path):
    right = total = 0
    for path in sorted((inputs / "audio" / "librivox").glob("*.wav")):
        samples = np.concatenate(list(sound_blocks(path)))
        samples = samples * np.float32(measure_level([samples]).gain)
        network = VisemeNetwork(load_network_weights(), delay=8)
        heard = network.push(np.concatenate([samples, np.zeros(8 * 160, np.float32)]))[8:]
        words = json.loads(path.with_suffix(".phone.json").read_text())["w"]
        phones = [
            Phone(name=p["t"], start=p["b"], end=p["b"] + p["d"]) for w in words for p in w["w"]
        ]
        labels = frames_of(segments_of(phones), len(heard))
        right += int((heard.argmax(1) == labels).sum())
        total += len(labels)
    assert right / total > 0.6


def test_streaming_keeps_up(tone):
    network = VisemeNetwork(load_network_weights())
    start = time.process_time()
    for place in range(0, len(tone), 320):
        network.push(tone[place : place + 320])
    # Six times what it takes on an ordinary core, so that a busy machine does not fail it.
    assert time.process_time() - start < 0.25 * len(tone) / 16000


def test_the_network_that_is_trained_is_the_network_that_runs(tone):
    sys.path.insert(0, str(SCRIPTS))
    try:
        tcn = pytest.importorskip("tcn")
        augment = pytest.importorskip("augment")
    finally:
        sys.path.remove(str(SCRIPTS))
    trained = tcn.VisemeTcn()
    weights = {k: torch.from_numpy(v.astype("f4")) for k, v in load_network_weights().items()}
    trained.load_state_dict(weights)
    mels = augment.without_mean(augment.log_mels(torch.from_numpy(tone)[None]))
    assert np.abs(mels[0].numpy() - LogMel().push(tone)).max() < 2e-3
    with torch.no_grad():
        logits = trained.eval()(mels)[0]
    for place, delay in enumerate(DELAYS):
        rows = VisemeNetwork(load_network_weights(), delay=delay).push(tone)
        assert np.abs(rows - logits[:, place].softmax(-1).numpy()).max() < 2e-3
