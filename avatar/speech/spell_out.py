"""Written English as the words a reader says: numbers, abbreviations, signs."""

import re
import unicodedata

_ONES = tuple(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen""".split()  # noqa: SIM905
)
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))

_SHORT: dict[str, str] = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "st": "saint",
    "vs": "versus",
    "etc": "et cetera",
    "&": "and",
    "%": "percent",
    "+": "plus",
    "=": "equals",
}

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[a-z]+(?:'[a-z]+)*|[&%+=]")


def spell_out(text: str) -> tuple[str, ...]:
    """Return the lower-case words of a text; accents are dropped, other scripts give none."""
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'").lower())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words: list[str] = []
    for token in _TOKEN.findall(letters):
        said: str = _SHORT.get(token) or token
        words += _number(token) if token[0].isdigit() else said.split()
    return tuple(words)


def _number(token: str) -> list[str]:
    whole, _, fraction = re.sub(r",(?=\d{3}\b)", "", token).replace(",", ".").partition(".")
    words = _whole(int(whole)) if len(whole) < 13 else [_ONES[int(digit)] for digit in whole]
    if fraction:
        words += ["point", *(_ONES[int(digit)] for digit in fraction if digit.isdigit())]
    return words


def _whole(value: int) -> list[str]:
    if 1100 <= value < 2000 and value % 100:  # years: nineteen sixty one
        return [*_whole(value // 100), *(["oh"] if value % 100 < 10 else []), *_whole(value % 100)]
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *(_whole(value % 10) if value % 10 else [])]
    scale, name = next(item for item in _SCALES if value >= item[0])
    rest = value % scale
    return [*_whole(value // scale), name, *(_whole(rest) if rest else [])]
