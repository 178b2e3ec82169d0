"""Messages to JSON and back; whatever does not fit its type exactly is refused."""

import dataclasses
import json
import math
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from avatar.core.errors import AvatarError

LONGEST_TEXT = 20_000
LONGEST_LIST = 64

Message = TypeVar("Message")


class RequestError(AvatarError):
    """A message that does not fit its type."""


def encode(message: Any) -> str:  # noqa: ANN401 - any of the message classes
    """Return a message as JSON text."""
    return json.dumps(dataclasses.asdict(message), allow_nan=False, separators=(",", ":"))


def decode(kind: Any, text: str | bytes) -> Any:  # noqa: ANN401 - whatever `kind` says
    """Return the message in JSON text; `kind` is its class or a union of classes.

    Raises:
        RequestError: it is no JSON, or does not fit.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError("message: expected JSON") from error
    return read(kind, value, "message")


def read(kind: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - a case a type
    """Return a JSON value as `kind`; RequestError names the field that does not fit."""
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, name)
    if origin in (Union, types.UnionType):
        return _either(get_args(kind), value, name)
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            raise RequestError(f"{name}: expected one of {', '.join(map(str, get_args(kind)))}")
        return value
    if origin is tuple:
        if not isinstance(value, list) or len(value) > LONGEST_LIST:
            raise RequestError(f"{name}: expected a list of at most {LONGEST_LIST}")
        return tuple(read(get_args(kind)[0], item, f"{name}[{i}]") for i, item in enumerate(value))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
    elif type(value) is kind and (not isinstance(value, str) or len(value) <= LONGEST_TEXT):
        return value
    raise RequestError(f"{name}: expected {_name(kind)}")


def _record(kind: Any, value: Any, name: str) -> Any:  # noqa: ANN401
    if not isinstance(value, dict):
        raise RequestError(f"{name}: expected an object")
    hints = get_type_hints(kind)
    if set(value) != set(hints):
        raise RequestError(f"{name}: expected the fields {', '.join(hints)}")
    return kind(**{field: read(hints[field], value[field], field) for field in hints})


def _either(kinds: tuple[Any, ...], value: Any, name: str) -> Any:  # noqa: ANN401
    """Choose by the field `kind` among classes, by trying among simple types."""
    records = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if records and isinstance(value, dict):
        for record in records:
            if value.get("kind") in get_args(get_type_hints(record).get("kind")):
                return _record(record, value, name)
        raise RequestError(f"{name}: unknown kind")
    for kind in kinds:
        if kind is type(None):
            if value is None:
                return None
        elif value is not None:
            return read(kind, value, name)
    raise RequestError(f"{name}: expected {' or '.join(map(_name, kinds))}")


def _name(kind: Any) -> str:  # noqa: ANN401
    return "null" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
