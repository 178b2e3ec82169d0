"""The jaw's own way: as open as the sounds are, louder is wider, and the lips' share is counted."""

import numpy as np
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.mouth_shapes import shape_table
from avatar.speech.openness import (
    heard_at,
    open_jaw,
    openness_of_segments,
    openness_of_shares,
    smooth_openness,
)
from avatar.speech.styles import STYLES
from avatar.speech.visemes import VISEME_INDEX, VISEMES, Segment

JAW = ARKIT_INDEX["jawOpen"]


def opening(gauge, viseme, loudness=0.0, style="neutral"):
    row = VISEME_INDEX[viseme]
    curves = shape_table()[row : row + 1].copy()
    openness = openness_of_shares(np.eye(len(VISEMES), dtype=np.float32)[row : row + 1])
    open_jaw(curves, openness, np.array([loudness]), STYLES[style], gauge)
    return float(gauge.opening(torch.from_numpy(curves))[0])


def test_lips_part_by_the_openness_of_the_sound_whatever_the_lips_do(gauge):
    wide, middle, shut = (opening(gauge, name) for name in ("ah", "eh", "closed"))
    assert wide > 1.4 * middle
    assert middle > 3 * max(shut, 0.0005)
    lips_alone = shape_table()[VISEME_INDEX["ah"]].copy()
    lips_alone[JAW] = 0
    assert wide > float(gauge.opening(torch.from_numpy(lips_alone[None]))[0])


def test_loud_words_and_a_clear_style_open_further_and_silence_stays_shut(gauge):
    faint, usual, loud = (opening(gauge, "ah", loudness) for loudness in (-1.0, 0.0, 1.0))
    assert faint < usual < loud
    assert opening(gauge, "ah", style="whisper") < usual < opening(gauge, "ah", style="clear")
    assert opening(gauge, "silence", loudness=1.0) < 0.001


def test_doubt_is_kept(gauge):
    shares = np.zeros((1, len(VISEMES)), np.float32)
    shares[0, [VISEME_INDEX["ah"], VISEME_INDEX["closed"]]] = 0.5
    between = float(openness_of_shares(shares)[0])
    sure = openness_of_shares(np.eye(len(VISEMES), dtype=np.float32))
    assert sure[VISEME_INDEX["closed"]] < between < sure[VISEME_INDEX["ah"]]


def test_what_is_heard_so_far_gives_what_the_whole_gives():
    said = [Segment(viseme=v, start=0.2 * k, end=0.2 * k + 0.2) for k, v in enumerate(VISEMES)]
    whole = openness_of_segments(said, 280)
    times = np.array([1.0, 1.1])
    smooth = np.interp(times, (np.arange(280) + 0.5) / 100, smooth_openness(whole))
    assert np.allclose(heard_at(times, whole[60:140], 1.4), smooth, atol=0.005)
    assert heard_at(times, np.zeros(0), 0.5).tolist() == [0, 0]
