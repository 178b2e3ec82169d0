"""The 52 coefficients as people look for them: in groups, by readable names."""

import re
from dataclasses import dataclass

from avatar.core.arkit import ARKIT_NAMES, mirrored_name


@dataclass(frozen=True, kw_only=True)
class SliderGroup:
    """Sliders that belong together; `open` ones are shown unfolded at first."""

    title: str
    names: tuple[str, ...]
    open: bool


def _group(title: str, pattern: str, *, shown: bool = True) -> SliderGroup:
    names = tuple(name for name in ARKIT_NAMES if re.match(pattern, name))
    return SliderGroup(title=title, names=names, open=shown)


def slider_groups() -> tuple[SliderGroup, ...]:
    """Return the groups; every coefficient is in one of them."""
    return (
        _group("Brows", "brow"),
        _group("Eyes", "eye(Blink|Squint|Wide)"),
        _group("Gaze", "eyeLook", shown=False),
        _group("Jaw", "jaw"),
        _group("Mouth", "mouth|tongue"),
        _group("Cheeks and nose", "cheek|nose", shown=False),
    )


def readable(name: str) -> str:
    """Return `mouthSmileLeft` as people read it: `Smile left`."""
    words = re.sub(r"^(mouth|brow|cheek|nose)(?=[A-Z])", "", name)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).lower()
    return words[:1].upper() + words[1:]


def matches(name: str, search: str) -> bool:
    """Tell whether a slider is among those searched for."""
    wanted = "".join(search.lower().split())
    return wanted in "".join(f"{name} {readable(name)}".lower().split())


def partner(name: str) -> str | None:
    """Return the other side's slider that moves along, None where sides are opposites."""
    if re.match(r"eyeLook(In|Out)|jaw(Left|Right)|mouth(Left|Right)", name):
        return None
    other = mirrored_name(name)
    return None if other == name else other
