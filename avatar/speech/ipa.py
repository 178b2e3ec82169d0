# ruff: noqa: RUF001, RUF002 - phonetic letters look like others
"""Sounds in the International Phonetic Alphabet as visemes."""

_LETTERS: dict[str, str] = {
    "closed": "pbmɓʙ",
    "teeth_on_lip": "fvʋɱɸβ",
    "tongue_between_teeth": "θð",
    "tongue_tip": "tdnlɾrɫɖʈɳɭɗɬɲʎɽ",
    "tongue_back": "kgɡŋxhɦɣχʁʀqħʔcɟçʕɴɠ",
    "hiss": "sz",
    "hush": "ʃʒɕʑʂʐ",
    "r": "ɹɻɚɝ",
    "oo": "wʍuʊʉyʏøœɥɵ",
    "o": "oɔɒ",
    "ah": "aɑæɐɶ",
    "eh": "ʌəɜɛeɘɞɤ",
    "ee": "iɪɨjɯʝ",
}

_OF_LETTER = {letter: viseme for viseme, letters in _LETTERS.items() for letter in letters}

_SPREADABLE = {"r", "oo", "o", "ah", "eh", "ee"}


def visemes_of_ipa(sound: str) -> tuple[str, ...]:
    """Return the one or two visemes of an IPA sound such as `tʃ`, `aɪ` or `mː`; none if unknown.

    Affricates take the shape of their fricative, vowels that glide both their shapes.
    """
    shapes: list[str] = []
    for letter in sound:
        viseme = _OF_LETTER.get(letter)
        if viseme and (not shapes or shapes[-1] != viseme):
            shapes.append(viseme)
    if len(shapes) < 2:
        return tuple(shapes)
    first, second = shapes[:2]
    if first == "tongue_tip" and second in ("hiss", "hush"):
        return (second,)
    if first in _SPREADABLE and second in _SPREADABLE:
        return (first, second)
    return (first,)
