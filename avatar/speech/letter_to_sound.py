"""How an English word that is in no dictionary is probably said.

Spelling rules in the manner of Elovitz et al. 1976 (NRL report 7948), longest match first. Good
enough for the lips: what a rule gets wrong is mostly which vowel it is.
"""

_RULES: dict[str, str] = {
    "tion": "SH AH N", "sion": "ZH AH N", "cial": "SH AH L", "tial": "SH AH L", "ture": "CH ER",
    "ough": "AO", "augh": "AO", "eigh": "EY", "ight": "AY T", "dge": "JH", "tch": "CH",
    "sch": "S K", "igh": "AY", "air": "EH R", "ear": "IH R", "eer": "IH R", "our": "AW R",
    "oor": "AO R", "ing": "IH NG", "que": "K", "eau": "OW", "ious": "IY AH S", "ous": "AH S",
    "ph": "F", "th": "TH", "sh": "SH", "ch": "CH", "ck": "K", "wh": "W", "wr": "R", "kn": "N",
    "gn": "N", "qu": "K W", "ng": "NG", "gh": "", "ss": "S", "ll": "L", "tt": "T", "pp": "P",
    "bb": "B", "dd": "D", "ff": "F", "gg": "G", "mm": "M", "nn": "N", "rr": "R", "zz": "Z",
    "cc": "K", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oa": "OW", "oe": "OW",
    "oi": "OY", "oy": "OY", "ai": "EY", "ay": "EY", "au": "AO", "aw": "AO", "ei": "EY", "ey": "IY",
    "ie": "IY", "ue": "UW", "ui": "UW", "eu": "Y UW", "ew": "Y UW", "er": "ER", "ir": "ER",
    "ur": "ER", "ar": "AA R", "or": "AO R", "ce": "S", "ci": "S IH", "cy": "S IY", "ge": "JH",
    "gi": "JH IH", "gy": "JH IY",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip

_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_CONSONANTS = set("bcdfgjklmnpqrstvxz")
_LONGEST = max(map(len, _RULES))


def letter_to_sound(word: str) -> tuple[str, ...]:
    """Return ARPAbet phones of a lower-case word; none if it has no letters a to z."""
    letters = word.replace("'", "")
    phones: list[str] = []
    place = 0
    while place < len(letters):
        found, sound = _rule(letters, place)
        phones += sound.split()
        place += found
    return tuple(phones)


def _rule(letters: str, place: int) -> tuple[int, str]:
    """Return how many letters the rule at a place takes, and the phones it says."""
    left = letters[place:]
    if len(letters) > 2 and left == "e":
        return 1, ""
    # "made", "hope": a vowel before one consonant and a final e is long.
    if len(left) == 3 and left[0] in _LONG and left[1] in _CONSONANTS and left[2] == "e":
        soft = {"c": "S", "g": "JH"}.get(left[1], _RULES[left[1]])
        return 3, f"{_LONG[left[0]]} {soft}"
    if place == 0 and left[0] == "y":
        return 1, "Y"
    for length in range(min(_LONGEST, len(left)), 0, -1):
        if left[:length] in _RULES:
            return length, _RULES[left[:length]]
    return 1, ""
