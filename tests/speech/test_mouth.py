"""What the lips of a head do, measured on its mesh."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.errors import ModelError
from avatar.head.anatomy import personal_morphs, settled
from avatar.head.registry import load_model
from avatar.speech.coarticulate import bridged, coarticulate
from avatar.speech.lip_gauge import measure_lips
from avatar.speech.occlude import occlude
from avatar.speech.styles import STYLES
from avatar.speech.visemes import Segment

TIMES = np.arange(0, 1.2, 1 / 60)


def said(*visemes: str, length: float = 0.12) -> list[Segment]:
    return [
        Segment(viseme=name, start=0.2 + length * place, end=0.2 + length * (place + 1))
        for place, name in enumerate(visemes)
    ]


def mouth(segments: list[Segment], gauge, style: str = "neutral") -> torch.Tensor:
    curves = torch.from_numpy(coarticulate(segments, TIMES, STYLES[style]))
    return occlude(curves, segments, TIMES, gauge)


def during(segment: Segment) -> np.ndarray:
    return (TIMES >= segment.start - 0.066) & (TIMES <= segment.end)  # noqa: SIM300


def test_lips_touch_at_rest_and_part_with_the_jaw(gauge):
    weights = torch.zeros(3, 52)
    weights[1:, ARKIT_INDEX["jawOpen"]] = 0.3
    weights[2, ARKIT_INDEX["mouthClose"]] = 0.3
    rest, opened, closed = gauge.opening(weights)
    assert rest <= 0
    assert 0.004 < opened < 0.02
    assert closed < 0.001


@pytest.mark.parametrize("style", list(STYLES))
@pytest.mark.parametrize("vowel", ["ah", "o", "ee"])
def test_p_closes_the_lips_between_any_vowels(vowel, style, gauge):
    segments = said(vowel, "closed", vowel)
    opening = gauge.opening(mouth(segments, gauge, style))
    assert opening[during(segments[1])].min() <= 0
    assert opening[during(segments[0])].max() > 0.002


@pytest.mark.parametrize("vowel", ["ah", "o", "ee"])
def test_f_brings_the_lip_to_the_teeth_and_not_to_the_upper_lip(vowel, gauge):
    segments = said(vowel, "teeth_on_lip", vowel)
    weights = mouth(segments, gauge)
    inside = during(segments[1])
    assert gauge.below_teeth(weights)[inside].min() <= 0.0005
    assert gauge.opening(weights)[inside].min() > 0.0002


def test_s_narrows_the_jaw(gauge):
    jaw = mouth(said("ah", "hiss", "ah"), gauge)[:, ARKIT_INDEX["jawOpen"]]
    assert jaw.max() > 0.2
    assert jaw[during(said("ah", "hiss")[1])].min() < 0.12


def test_rounding_comes_before_the_rounded_sound(gauge):
    pucker = ARKIT_INDEX["mouthPucker"]
    before = mouth(said("tongue_tip", "oo"), gauge)[:, pucker]
    plain = mouth(said("tongue_tip", "ee"), gauge)[:, pucker]
    at = np.searchsorted(TIMES, 0.26)
    assert before[at] > plain[at] + 0.2


def test_nothing_moves_in_silence(gauge):
    weights = mouth([Segment(viseme="silence", start=0.0, end=1.2)], gauge)
    assert weights.diff(dim=0).abs().max() < 2e-3
    assert gauge.opening(weights).max() < 0.001


def test_curves_do_not_jump(gauge):
    weights = mouth(said("ah", "closed", "ah", "teeth_on_lip", "ee", "hiss"), gauge)
    assert weights.diff(dim=0).abs().max() < 0.35


def test_short_pauses_are_bridged_and_long_ones_kept():
    def pause(length):
        return [
            Segment(viseme="ah", start=0.0, end=0.2),
            Segment(viseme="silence", start=0.2, end=0.2 + length),
            Segment(viseme="ee", start=0.2 + length, end=1.0),
        ]

    assert [segment.viseme for segment in bridged(pause(0.08))] == ["ah", "ee"]
    assert len(bridged(pause(0.3))) == 3


def test_a_sound_cut_off_after_its_last_word_does_not_snap_the_mouth_shut(gauge):
    end = said("oo", "ah")[-1].end
    cut = [*said("oo", "ah"), Segment(viseme="silence", start=end, end=end + 0.05)]
    assert bridged(cut)[-1].viseme == "ah"
    assert gauge.opening(mouth(cut, gauge))[TIMES.searchsorted(end + 0.04)] > 0.002


def test_a_clear_voice_opens_further_than_a_whisper(gauge):
    segments = said("ah", "tongue_tip", "ah")
    jaws = {
        style: float(mouth(segments, gauge, style)[:, ARKIT_INDEX["jawOpen"]].max())
        for style in ("whisper", "neutral", "clear", "shout")
    }
    assert jaws["whisper"] < jaws["neutral"] < jaws["clear"] < jaws["shout"]


def test_a_head_whose_mouth_needs_less_closing_gets_less(head):
    """A head with half the jaw: closing it needs half the mouthClose."""
    morphs = head.rig.morphs.clone()
    morphs[ARKIT_INDEX["jawOpen"]] *= 0.5
    smaller = replace(head, rig=replace(head.rig, morphs=morphs))
    segments = said("ah", "closed", "ah")
    inside = during(segments[1])
    closes = []
    for own in (head, smaller):
        gauge = measure_lips(own)
        weights = mouth(segments, gauge)
        assert gauge.opening(weights)[inside].min() <= 0
        closes.append(float(weights[inside, ARKIT_INDEX["mouthClose"]].max()))
    assert closes[1] < 0.8 * closes[0]


def test_a_head_that_cannot_open_its_mouth_is_refused(head):
    stiff = replace(head, rig=replace(head.rig, morphs=torch.zeros_like(head.rig.morphs)))
    with pytest.raises(ModelError, match="jawOpen"):
        measure_lips(stiff)


def test_the_gauge_finds_the_lips_of_all_kinds_of_people(head):
    """What it finds by landmarks and jaw agrees with the head model's own lip regions."""
    model = load_model()
    upper, lower = model.region("lip_upper"), model.region("lip_lower")
    generator = torch.Generator().manual_seed(3)
    weights = torch.zeros(2, 52)
    weights[1, ARKIT_INDEX["jawOpen"]] = 0.3
    for _ in range(6):
        identity = 1.2 * torch.randn(model.identity_size, generator=generator)
        vertices = settled(model, model.vertices(identity))
        rig = replace(head.rig, morphs=personal_morphs(model, vertices))
        person = replace(head, mesh=replace(head.mesh, vertices=vertices), rig=rig)
        found = measure_lips(person).gaps(weights)[:, 2]
        moved = vertices[:, 1] + weights @ rig.morphs[..., 1]
        lips = upper | lower
        middle = (vertices[:, 0].abs() < 0.0015) & (vertices[:, 2] > vertices[lips, 2].max() - 0.02)
        wanted = moved[:, upper & middle].amin(1) - moved[:, lower & middle].amax(1)
        # The two look at columns of different widths; a lip missed is off by 5 mm and more.
        assert (found - wanted).abs().max() < 0.0015
