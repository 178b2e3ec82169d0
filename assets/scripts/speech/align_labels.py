"""English utterances told as pocketsphinx tells them: one meaning of every boundary."""

from dataclasses import replace

import numpy as np
from utterance import Utterance

from avatar.speech.english import EnglishPhones
from avatar.speech.spell_out import spell_out
from avatar.speech.visemes import frames_of, segments_of

AGREED = 0.65
"""Share of frames in which alignment and synthesiser must agree, or the alignment went astray."""


def align_labels(aligner: EnglishPhones, item: Utterance) -> Utterance:
    """Return the utterance with aligned labels, or as it is where no alignment is to be had.

    Synthesisers put the edges of a sound elsewhere, each in its own way, and agree with the aligner
    in about four frames of five. Real speech is aligned by it, so the network is taught its way.
    """
    if item.text is None:
        return item
    phones = aligner.align(item.samples.astype(np.float32) / 32768, spell_out(item.text))
    if phones is None:
        return item
    labels = frames_of(segments_of(phones), len(item.labels))
    agreed = (labels == item.labels).mean() >= AGREED
    return replace(item, labels=labels) if agreed else item
