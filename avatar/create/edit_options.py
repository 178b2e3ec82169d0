"""What of a head may be changed; free of heavy imports, so that `--help` is instant."""

from dataclasses import dataclass, fields

from avatar.core.errors import OptionError

MOST = {"age": 65.0, "detail": 4.0}
"""The greatest change of an option; 1 for those that are not listed."""


@dataclass(frozen=True, kw_only=True)
class EditOptions:
    """By how much a head is changed; without any, it stays as it is.

    Attributes:
        age: years to add, or to take off with a minus; -65 to 65.
        weight: from -1, as much thinner as the average is than the heaviest, to 1, as much heavier.
        muscle: the same of muscle, which shows at the neck; -1 to 1.
        gender: from -1 to 1; 1 is the whole way from a woman's head to a man's.
        african: towards the head of African ancestry, 1 all the way from the average; -1 to 1.
        asian: towards the head of Asian ancestry; -1 to 1.
        caucasian: towards the head of Caucasian ancestry; -1 to 1.
        tone: melanin to add to the skin; 1 leads from the palest to the darkest; -1 to 1.
        redness: blood to add to the skin; -1 to 1.
        detail: how strong pores and wrinkles are: 0 none, 1 as they are, 4 at most.
    """

    age: float = 0.0
    weight: float = 0.0
    muscle: float = 0.0
    gender: float = 0.0
    african: float = 0.0
    asian: float = 0.0
    caucasian: float = 0.0
    tone: float = 0.0
    redness: float = 0.0
    detail: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no head can be changed by; OptionError says what is allowed."""
        for field in fields(self):
            value, most = float(getattr(self, field.name)), MOST.get(field.name, 1.0)
            least = 0.0 if field.name == "detail" else -most
            if not least <= value <= most:
                raise OptionError(
                    f"{field.name}: expected {least:g} to {most:g}, got {value:g}"
                    + ("; it counts in years" if field.name == "age" else "")
                )
