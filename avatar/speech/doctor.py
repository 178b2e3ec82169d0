"""What `avatar doctor` tells of speech: who finds the phones, and what reads and writes media."""

from importlib.metadata import PackageNotFoundError, version

from avatar.core.finding import Finding
from avatar.speech.decode import HOW_TO_GET_MEDIA
from avatar.speech.english import HOW_TO_GET
from avatar.speech.espeak import has_espeak
from avatar.speech.find_phones import has_network


def diagnose() -> tuple[Finding, ...]:
    """Return the findings about the ways to phones, and about PyAV."""
    return _pocketsphinx(), _network(), _espeak(), _media()


def _pocketsphinx() -> Finding:
    found = _version("pocketsphinx")
    note = "English phones, with text and without; BSD" if found else HOW_TO_GET
    return Finding(
        name="speech: pocketsphinx", state=found or "missing", note=note, good=bool(found)
    )


def _network() -> Finding:
    found = has_network()
    note = "visemes in any language, without text" if found else "its weights are not packaged"
    return Finding(name="speech: own network", state="there" if found else "missing", note=note)


def _espeak() -> Finding:
    note = "optional: texts in other languages than English (a program of its own, GPL-3.0)"
    state = "there" if has_espeak() else "not there"
    return Finding(name="speech: espeak-ng", state=state, note=note)


def _media() -> Finding:
    found = _version("av")
    note = "compressed sound, films" if found else f"only .wav, no films; {HOW_TO_GET_MEDIA}"
    return Finding(name="speech: PyAV", state=found or "not there", note=note)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
