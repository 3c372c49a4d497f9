"""Converts records to the contract's JSON, and back."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Returns a record as a `dict`, with every record in it. `json.dumps(step, default=to_json)` and
    `json.dumps(to_json(step))` write the contract's JSON.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: to_json(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def from_json(type_: type[T], value: Any) -> T:
    """Makes a record of this package from the contract's JSON, e.g. `from_json(Plan, json.load(file))`.

    Raises `TypeError` for a field that is missing or not known, or a case that is not known.
    """
    made: T = _made(type_, value)
    return made


def _made(type_: Any, value: Any) -> Any:
    origin = get_origin(type_)
    if origin is Literal:
        if value not in get_args(type_):
            raise TypeError(f"{value!r} is none of {', '.join(map(repr, get_args(type_)))}")
    elif origin is list:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{value!r} is not a list")
        (item_type,) = get_args(type_)
        return [_made(item_type, item) for item in value]
    elif origin in (Union, UnionType):
        return _one_of(get_args(type_), value)
    elif is_typeddict(type_):
        ((case, payload),) = value.items()
        return {case: _made(_hints(type_)[case], payload)}
    elif dataclasses.is_dataclass(type_) and isinstance(type_, type):
        return value if isinstance(value, type_) else _record(type_, value)
    return value


def _record(class_: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no {class_.__name__}")
    hints = _hints(class_)
    return class_(**{key: _made(hints.get(key), item) for key, item in value.items()})


def _one_of(types: tuple[Any, ...], value: Any) -> Any:
    """Makes a value of one of these types: those of a variant, and `None` for an option."""
    if value is None and NoneType in types:
        return None
    for type_ in types:
        if get_origin(type_) is Literal:
            if value in get_args(type_):
                return value
        elif is_typeddict(type_):
            if isinstance(value, Mapping) and list(value) == list(_hints(type_)):
                return _made(type_, value)
        elif type_ is not NoneType:
            return _made(type_, value)
    raise TypeError(f"{value!r} is none of the cases")


@functools.cache
def _hints(type_: Any) -> dict[str, Any]:
    return get_type_hints(type_)
