"""How the tests check annotations: beartype, by the typing rules pyright follows."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int will do where a float is asked for (PEP 484, "the numeric tower")."""
