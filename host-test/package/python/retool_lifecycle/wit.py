"""Converts the contract's JSON to the values of wasmtime, and back, by the component's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasmtime.component import (
    ListType,
    OptionType,
    Record,
    RecordType,
    ResultType,
    ValType,
    Variant,
    VariantType,
)

Cases = list[tuple[str, "ValType | None"]]


def to_wit(type_: ValType, value: Any, name: str) -> Any:
    """Converts JSON. Raises `TypeError` if it is not of the type; `name` says where."""
    if isinstance(type_, RecordType):
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a record, not {value!r}")
        fields = dict(value)
        record = Record()
        for field, field_type in type_.fields:
            key = field.replace("-", "_")
            given = fields.pop(key, None)
            if given is None and not isinstance(field_type, OptionType):
                raise TypeError(f"{name}.{key} is missing")
            setattr(record, field, to_wit(field_type, given, f"{name}.{key}"))
        if fields:
            raise TypeError(f"{name} has no {', '.join(map(str, fields))} in the contract")
        return record
    if isinstance(type_, OptionType):
        return None if value is None else to_wit(type_.payload, value, name)
    if isinstance(type_, ListType):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} must be a list, not {value!r}")
        return [to_wit(type_.element, item, f"{name}[{at}]") for at, item in enumerate(value)]
    if isinstance(type_, VariantType):
        case, given = _case(value)
        cases = dict(type_.cases)
        if case not in cases or (cases[case] is None) is not isinstance(value, str):
            raise TypeError(f"{name} must be a case of {', '.join(cases)}, not {value!r}")
        payload_type = cases[case]
        payload = payload_type and to_wit(payload_type, given, f"{name}.{case}")
        return Variant(case, payload) if has_names(type_.cases) else payload
    return value


def _case(value: Any) -> tuple[str, Any]:
    """Splits a case from its payload."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((case, payload),) = value.items()
        return case, payload
    return (value, None) if isinstance(value, str) else ("", None)


def from_wit(type_: ValType, value: Any) -> Any:
    """Converts a value from wasmtime to JSON."""
    if isinstance(type_, RecordType):
        fields = {name: from_wit(field, getattr(value, name)) for name, field in type_.fields}
        return {name.replace("-", "_"): field for name, field in fields.items()}
    if isinstance(type_, OptionType):
        return None if value is None else from_wit(type_.payload, value)
    if isinstance(type_, ListType):
        return [from_wit(type_.element, item) for item in value]
    if isinstance(type_, VariantType):
        case, payload_type, payload = split(type_.cases, value)
        return case if payload_type is None else {case: from_wit(payload_type, payload)}
    return value


def answer(type_: ResultType, value: Any) -> tuple[bool, Any]:
    """Converts the result of a function: whether it succeeded, and its value or its error."""
    case, payload_type, payload = split([("ok", type_.ok), ("err", type_.err)], value)
    return case == "ok", payload_type and from_wit(payload_type, payload)


def split(cases: Cases, value: Any) -> tuple[str, ValType | None, Any]:
    """Finds the case of a value from wasmtime, and the type of its payload."""
    if has_names(cases):
        case, value = value.tag, value.payload
    else:
        class_ = object if value is None else type(value)
        case = next(case for case, type_ in cases if class_ in classes(type_))
    return case, dict(cases)[case], value


def has_names(cases: Cases) -> bool:
    """Returns whether wasmtime keeps the names of these cases. It does so only if some payloads
    have the same Python class. Otherwise it uses the payload alone."""
    seen: set[type] = set()
    for _, type_ in cases:
        if seen & classes(type_):
            return True
        seen |= classes(type_)
    return False


def classes(type_: ValType | None) -> set[type]:
    """Returns the Python classes of a payload; `object` means no payload."""
    found: set[type] = set()
    if type_ is None:
        found.add(object)
    else:
        type_.add_classes(found)
    return found
