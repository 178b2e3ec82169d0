"""festival by its command: voices of seven languages, with the time of every phone."""

import random
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sentences import English, english, foreign
from utterance import Utterance, labels_of, utterance

from avatar.speech.visemes import Phone, visemes_of

VOICES: dict[str, str] = {
    "kal_diphone": "en",
    "ked_diphone": "en",
    "cmu_us_slt_arctic_hts": "en",
    "lp_diphone": "it",
    "pc_diphone": "it",
    "suo_fi_lj_diphone": "fi",
    "hy_fi_mv_diphone": "fi",
    "msu_ru_nsh_clunits": "ru",
    "czech_ph": "cs",
    "czech_dita": "cs",
    "czech_krb": "cs",
    "upc_ca_ona_hts": "ca",
}

LATE = 0.005

ENCODINGS = {"it": "latin1", "fi": "latin1", "cs": "latin2", "ca": "latin1"}

AFFRICATES = ("ts", "dz", "ch", "sh", "zh", "t_s")

LETTERS: dict[str, str] = {
    **dict.fromkeys("pbm", "closed"),
    **dict.fromkeys("fv", "teeth_on_lip"),
    **dict.fromkeys("tdnlr", "tongue_tip"),
    **dict.fromkeys("kghxq", "tongue_back"),
    **dict.fromkeys("sz", "hiss"),
    "c": "hush",
    **dict.fromkeys("wu7", "oo"),
    "o": "o",
    "a": "ah",
    **dict.fromkeys("e@", "eh"),
    **dict.fromkeys("ijy", "ee"),
}


def make_batch(
    draw: random.Random, source: English, folder: Path, count: int = 12
) -> Iterator[Utterance]:
    """Give utterances of one random voice; starting festival costs more than they do."""
    spoken = draw.choice(("en", "other"))
    voice = draw.choice([name for name in VOICES if (VOICES[name] == "en") == (spoken == "en")])
    language = VOICES[voice]
    lines = [f"(voice_{voice})".encode()]
    if draw.random() < 0.8:
        lines.append(f"(Parameter.set 'Duration_Stretch {draw.uniform(0.75, 1.2):.2f})".encode())
    texts = [
        english(draw, source) if language == "en" else foreign(draw, language) for _ in range(count)
    ]
    for number, text in enumerate(texts):
        said = text.encode(ENCODINGS.get(language, "utf-8"), "ignore")
        lines.append(b'(set! said (utt.synth (Utterance Text "' + said + b'")))')
        lines.append(f'(utt.save.wave said "{folder}/{number}.wav" "riff")'.encode())
        lines.append(f'(utt.save.segs said "{folder}/{number}.seg")'.encode())
    script = folder / "batch.scm"
    script.write_bytes(b"\n".join(lines))
    subprocess.run(["festival", "-b", script], capture_output=True, timeout=300, check=False)
    for number, text in enumerate(texts):
        made = _read(folder / str(number), language, voice, text if language == "en" else None)
        if made is not None:
            yield made


def _read(stem: Path, language: str, voice: str, text: str | None) -> Utterance | None:
    audio, segments = stem.with_suffix(".wav"), stem.with_suffix(".seg")
    if not audio.exists() or not segments.exists():
        return None
    with wave.open(str(audio)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    rows = [line.split() for line in segments.read_text(encoding="latin1").splitlines()]
    audio.unlink()
    segments.unlink()
    phones: list[Phone] = []
    start = 0.0
    for row in rows:
        if len(row) < 3:
            continue
        end, shapes = float(row[0]), _visemes(row[2], language)
        length = (end - start) / len(shapes)
        for place, shape in enumerate(shapes):
            first = start + place * length
            phones.append(Phone(name=shape, start=first, end=first + length))
        start = end
    if not phones:
        return None
    labels = labels_of(phones, len(samples) / rate, LATE if voice.endswith("_hts") else 0.0)
    return utterance(samples, rate, labels, f"festival:{voice}", text)


def _visemes(name: str, language: str) -> tuple[str, ...]:  # noqa: PLR0911 - a list of cases
    """Return the visemes of a phone as the voices of that language call it."""
    if name in ("#", "pau", "h#", "SIL", "_"):
        return ("silence",)
    if language == "en":
        return visemes_of(name)
    lower = name.lower()
    if lower.startswith(AFFRICATES):
        hissing = lower in ("ts", "dz", "t_s") and not (language == "it" and name in ("tS", "dZ"))
        return ("hiss",) if hissing else ("hush",)
    if name in ("S", "Z", "s~", "z~", "sch", "sc") or (language, lower[:2]) == ("cs", "r~"):
        return ("hush",)
    if language == "ru" and lower == "c":
        return ("hiss",)
    if language == "cs" and lower[0] == "c":
        return ("hush",) if "~" in lower else ("hiss",)
    if language == "fi" and lower[0] in "@y":
        return ("ah",) if lower[0] == "@" else ("oo",)
    return (LETTERS.get(lower[0], "silence"),)
