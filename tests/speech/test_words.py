"""Texts become words, words become sounds, sounds become visemes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.errors import OptionError
from avatar.speech.espeak import has_espeak, words_as_visemes
from avatar.speech.ipa import visemes_of_ipa
from avatar.speech.letter_to_sound import letter_to_sound
from avatar.speech.spell_out import spell_out
from avatar.speech.visemes import (
    VISEME_INDEX,
    VISEMES,
    Phone,
    frames_of,
    segments_of,
    visemes_of,
)
from avatar.speech.viterbi import align_visemes, decode_visemes, fit_of_visemes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mr. O'Neill paid 20%", "mister o'neill paid twenty percent"),
        ("In 1961 & 2005", "in nineteen sixty one and two thousand five"),
        ("3,500.25", "three thousand five hundred point two five"),
        ("na\u00efve caf\u00e9", "naive cafe"),
        ("\u4f60\u597d", ""),
    ],
)
def test_texts_are_spelled_out(text, words):
    assert spell_out(text) == tuple(words.split())


@given(st.text(max_size=60))
def test_any_text_gives_words_the_dictionary_could_hold(text):
    for word in spell_out(text):
        assert word.replace("'", "").isalpha()
        assert word.isascii()


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", max_size=20))
def test_unknown_words_are_said_in_known_phones(word):
    for phone in letter_to_sound(word):
        assert visemes_of(phone) != ("silence",)


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("bump", "B AH M P"),
        ("phone", "F OW N"),
        ("dashwood", "D AE SH W UW D"),
        ("chip", "CH IH P"),
    ],
)
def test_spelling_rules(word, phones):
    assert " ".join(letter_to_sound(word)) == phones


def test_ipa_sounds_have_shapes():
    assert visemes_of_ipa("t\u0283") == ("hush",)
    assert visemes_of_ipa("a\u026a") == ("ah", "ee")
    assert visemes_of_ipa("m\u02d0") == ("closed",)
    assert visemes_of_ipa("?") == ()


def test_diphthongs_are_two_shapes_and_equal_neighbours_one():
    phones = [
        Phone(name="P", start=0.0, end=0.1),
        Phone(name="B", start=0.1, end=0.2),
        Phone(name="AY1", start=0.2, end=0.4),
    ]
    segments = segments_of(phones)
    assert [segment.viseme for segment in segments] == ["closed", "ah", "ee"]
    assert segments[1].end == pytest.approx(0.3)
    labels = frames_of(segments, 50)
    assert list(labels[[0, 15, 25, 35, 45]]) == [
        VISEME_INDEX[name] for name in ("closed", "closed", "ah", "ee", "silence")
    ]


def certain(names: list[str]) -> np.ndarray:
    """Ten frames a viseme, of which the network is nearly sure."""
    rows = np.full((10 * len(names), len(VISEMES)), 0.01)
    for place, name in enumerate(names):
        rows[10 * place : 10 * place + 10, VISEME_INDEX[name]] = 0.87
    return rows


def test_decoding_passes_over_a_single_odd_frame():
    rows = certain(["ah", "closed", "ah"])
    rows[5] = certain(["hiss"])[0]
    assert [segment.viseme for segment in decode_visemes(rows)] == ["ah", "closed", "ah"]
    assert decode_visemes(rows[:0]) == ()


def test_alignment_finds_words_and_the_pause_between_them():
    rows = certain(["closed", "ah", "silence", "oo", "closed"])
    words = (tuple(VISEME_INDEX[n] for n in ("closed", "ah")),)
    words += (tuple(VISEME_INDEX[n] for n in ("oo", "closed")),)
    segments = align_visemes(rows, words)
    spoken = [(s.viseme, round(s.start, 2)) for s in segments]
    assert spoken == [
        ("closed", 0.0), ("ah", 0.1), ("silence", 0.2), ("oo", 0.3), ("closed", 0.4)
    ]  # fmt: skip
    assert align_visemes(rows[:2], words)


def test_words_that_are_said_fit_and_others_do_not():
    rows = certain(["closed", "ah", "hiss", "oo", "silence"])
    said = (tuple(VISEME_INDEX[n] for n in ("closed", "ah", "hiss", "oo")),)
    other = (tuple(VISEME_INDEX[n] for n in ("teeth_on_lip", "ee", "closed", "o")),)
    assert fit_of_visemes(rows, align_visemes(rows, said)) == pytest.approx(0)
    assert fit_of_visemes(rows, align_visemes(rows, other)) < -2
    assert fit_of_visemes(rows[:0], ()) == 0


@pytest.mark.skipif(not has_espeak(), reason="needs the espeak-ng command")
def test_other_languages_are_spelled_by_espeak():
    (word,) = words_as_visemes("Baum", "de")
    assert VISEMES[word[0]] == VISEMES[word[-1]] == "closed"
    assert len(words_as_visemes("Guten Morgen, wie geht es?", "de")) == 5
    with pytest.raises(OptionError, match="language"):
        words_as_visemes("hello", "xx-no-such")
    with pytest.raises(OptionError, match="nothing to say"):
        words_as_visemes("...", "de")
