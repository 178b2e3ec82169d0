# ruff: noqa: RUF001 - letters of other scripts are meant
"""Sentences for speech synthesisers: English prose and random words, else random syllables."""

import ast
import random
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

COMMON = tuple(
    """the of and to a in is it you that he was for on are with as his they be at one have this
    from or had by but some what there we can out other were all your when up use how said an
    each she which do their time if will way about many then them would write like so these her
    long make thing see him two has look more day could go come did my no most who over know
    than call first people may down side been now find any new work part take get place made
    live where after back little only round man year came show every good me give our under name
    very through just form much great think say help low line before turn cause same mean differ
    move right boy old too does tell three want air well also play small end put home read hand
    large spell add even land here must big high such follow act why ask men change went light
    kind off need house picture try us again animal point mother world near build self earth
    father bob pam bump pump five love move""".split()  # noqa: SIM905
)

CONSONANTS: dict[str, str] = {
    "it": "b c d f g l m n p r s t v z sc gli gn ch qu",
    "fi": "h j k l m n p r s t v kk pp tt ss mm",
    "cs": "b c č d f g h ch j k l m n p r ř s š t v z ž",
    "ca": "b c d f g j l m n p r s t v x ny",
    "ru": "б в г д ж з к л м н п р с т ф х ц ч ш щ",
    "es": "b c d f g j l m n p r s t v ch ñ",
    "de": "b d f g h k l m n p r s t w z sch pf",
    "fr": "b c d f g j l m n p r s t v ch",
    "pl": "b c d f g h k l m n p r s t w z sz cz",
    "pt": "b c d f g l m n p r s t v lh nh",
    "tr": "b c ç d f g h k l m n p r s ş t v y z",
    "sv": "b d f g h k l m n p r s t v sj",
    "hu": "b c d f g h k l m n p r s t v z sz cs",
    "nl": "b d f g h k l m n p r s t v w z",
    "id": "b c d g h j k l m n p r s t w",
    "sw": "b ch d f g h j k l m n p r s sh t v w z mb nd",
}

VOWELS: dict[str, str] = {
    "it": "a e i o u",
    "fi": "a e i o u y ä ö aa ii uu ei ai",
    "cs": "a e i o u á é í ou ů",
    "ca": "a e i o u",
    "ru": "а е и о у ы э ю я",
    "es": "a e i o u ue ie",
    "de": "a e i o u ä ö ü ei au eu ie",
    "fr": "a e i o u é ou eu oi an on in",
    "pl": "a e i o u y ą ę ó",
    "pt": "a e i o u ão é ó",
    "tr": "a e ı i o ö u ü",
    "sv": "a e i o u y å ä ö",
    "hu": "a á e é i o ö u ü ó",
    "nl": "a e i o u oe ui ij aa eu",
    "id": "a e i o u ai au",
    "sw": "a e i o u",
}


@dataclass(frozen=True, kw_only=True)
class English:
    """The words of a dictionary, and sentences of real prose that hold no other words."""

    words: list[str]
    prose: list[str]


def read_english(dictionary: Path) -> English:
    """Return the words of a pronouncing dictionary and prose from Python's own documentation.

    The dictionary has one entry a line. The prose is what the docstrings of the standard library
    say in plain words, five to twenty-four of them a sentence.
    """
    lines = dictionary.read_text(encoding="utf-8").splitlines()
    known = {line.split()[0] for line in lines}
    words = [line.split()[0] for line in lines if re.match(r"^[a-z][a-z']{2,} ", line)]
    found: dict[str, None] = {}
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*/*.py")) + sorted(
        Path(sysconfig.get_paths()["stdlib"]).glob("*.py")
    ):
        if path.parent.name not in ("site-packages", "test", "idlelib"):
            found |= dict.fromkeys(_sentences(path, known))
    return English(words=words, prose=list(found))


def _sentences(path: Path, known: set[str]) -> list[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    sentences = []
    for text in texts:
        for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", text):
            plain = " ".join(sentence.split())
            said = re.findall(r"[a-z']+", plain.lower())
            if re.fullmatch(r"[A-Z][A-Za-z', -]+[.!?]", plain) and 5 <= len(said) <= 24:
                sentences += [plain] if known.issuperset(said) else []
    return sentences


def english(draw: random.Random, source: English) -> str:
    """Return a sentence of real prose, or of common and rare words by chance: every sound comes."""
    if draw.random() < 0.5:
        return draw.choice(source.prose)
    count = draw.randint(3, 14)
    sentence: list[str] = []
    for place in range(count):
        word = draw.choice(COMMON) if draw.random() < 0.6 else draw.choice(source.words)
        comma = "," if 0 < place < count - 1 and draw.random() < 0.07 else ""
        sentence.append(word + comma)
    return " ".join(sentence).capitalize() + draw.choice("...?!")


def foreign(draw: random.Random, language: str) -> str:
    """Return a sentence of random syllables as that language spells them."""
    consonants, vowels = CONSONANTS[language].split(), VOWELS[language].split()
    ends = "нслрм" if language == "ru" else "nslrm"
    words = []
    for _ in range(draw.randint(3, 9)):
        syllables = range(draw.randint(1, 4))
        word = "".join(draw.choice(consonants) + draw.choice(vowels) for _ in syllables)
        words.append(word + (draw.choice(ends) if draw.random() < 0.25 else ""))
    return " ".join(words).capitalize() + "."
