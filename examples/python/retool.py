"""Calls the retool-lifecycle component through wasmtime, in a fresh sandbox per call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import (
    Component,
    Func,
    Linker,
    ListType,
    OptionType,
    Record,
    RecordType,
    ResultType,
    ValType,
    Variant,
    VariantType,
)

PACKAGE = "user-lifecycle:retool"
VERSION = "0.2.0"
MEMORY = 256 << 20


class RetoolError(Exception):
    """The contract's error: `case` is its name there, `detail` has more information.

    `permanent` fails again until something is changed; `transient` may be retried safely.
    `detail.kind` and `detail.code` say what happened. `execution-failed` has no detail.
    """

    def __init__(self, case: str, detail: Any) -> None:
        super().__init__(case if detail is None else f"{case} ({detail.code}): {detail.message}")
        self.case = case
        self.detail = detail


class Plugin:
    """The component, compiled once. Threads may share it; they run while another one calls."""

    def __init__(self, component: str | Path) -> None:
        self.engine = Engine(Config())
        self.component = Component.from_file(self.engine, str(component))
        self.linker = Linker(self.engine)
        self.linker.add_wasip2()
        self.linker.add_wasi_http()

    def function(self, store: Store, interface: str, name: str) -> Func:
        """Instantiates the component, and finds one of its functions, e.g. `find-user`."""
        instance = self.linker.instantiate(store, self.component)
        exported = f"{PACKAGE}/{interface}@{VERSION}"
        index = instance.get_export_index(store, exported)
        index = index and instance.get_export_index(store, name, index)
        function = index and instance.get_func(store, index)
        if not function:
            raise LookupError(f"the component exports no {exported}#{name}")
        return function


class Organisation:
    """One organisation for which the component is called."""

    def __init__(
        self, plugin: Plugin, connection: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        """`environment` is the component's whole environment: tokens and `RETOOL_…` settings."""
        self.plugin = plugin
        self.connection = connection
        self.environment = environment

    def call(self, interface: str, name: str, *arguments: Any) -> Any:
        """Calls a function with the arguments that the contract has after the connection.

        Records are mappings or objects that a call returned, with `snake_case` names; fields that
        are `option` may be left out. Variants are `Variant(case, payload)`, enums are strings.
        Raises `RetoolError`, and `wasmtime.WasmtimeError` if the sandbox stopped the component; it
        is then not known what was written.
        """
        store = self.store()
        function = self.plugin.function(store, interface, name)
        types = [type_ for _, type_ in function.type(store).params]
        given = [self.connection, *arguments]
        if len(given) != len(types):
            raise TypeError(f"{name} takes {len(types) - 1} arguments after the connection")
        answer = from_wit(result_of(function, store), function(store, *map(to_wit, types, given)))
        if answer.tag == "err":
            raise RetoolError(answer.payload.tag, answer.payload.payload)
        return answer.payload

    def error_cases(self, interface: str, name: str) -> list[str]:
        """Returns the cases of a function's error, from the component's types."""
        store = self.store()
        error = result_of(self.plugin.function(store, interface, name), store).err
        assert isinstance(error, VariantType)
        return [case for case, _ in error.cases]

    def store(self) -> Store:
        wasi = WasiConfig()
        wasi.env = list(self.environment.items())
        wasi.inherit_stderr()
        store = Store(self.plugin.engine)
        store.set_wasi(wasi)
        store.set_wasi_http()
        store.set_limits(memory_size=MEMORY)
        return store


def result_of(function: Func, store: Store) -> ResultType:
    result = function.type(store).result
    assert isinstance(result, ResultType), "every function of the contract returns one"
    return result


def to_wit(type_: ValType, value: Any) -> Any:
    """Converts a value of a type of the contract for wasmtime."""
    if isinstance(type_, RecordType):
        fields = dict(value) if isinstance(value, Mapping) else dict(vars(value))
        record = Record()
        for name, field_type in type_.fields:
            given = fields.pop(name.replace("-", "_"), None)
            if given is None and not isinstance(field_type, OptionType):
                raise TypeError(f"{name} is missing")
            setattr(record, name, to_wit(field_type, given))
        if fields:
            raise TypeError(f"the contract has no {', '.join(fields)} here")
        return record
    if isinstance(type_, OptionType):
        return None if value is None else to_wit(type_.payload, value)
    if isinstance(type_, ListType):
        return [to_wit(type_.element, item) for item in value]
    if isinstance(type_, VariantType):
        cases = dict(type_.cases)
        if not isinstance(value, Variant) or value.tag not in cases:
            raise TypeError(f"{value!r} is not a Variant of {', '.join(cases)}")
        payload_type = cases[value.tag]
        payload = payload_type and to_wit(payload_type, value.payload)
        return Variant(value.tag, payload) if has_names(type_.cases) else payload
    return value


def from_wit(type_: ValType, value: Any) -> Any:
    """Converts a value from wasmtime: records to objects with `snake_case` names, and every
    variant to a `Variant`."""
    if isinstance(type_, RecordType):
        fields = {name: from_wit(field, getattr(value, name)) for name, field in type_.fields}
        return SimpleNamespace(**{name.replace("-", "_"): field for name, field in fields.items()})
    if isinstance(type_, OptionType):
        return None if value is None else from_wit(type_.payload, value)
    if isinstance(type_, ListType):
        return [from_wit(type_.element, item) for item in value]
    if isinstance(type_, VariantType):
        return variant(type_.cases, value)
    if isinstance(type_, ResultType):
        return variant([("ok", type_.ok), ("err", type_.err)], value)
    return value


Cases = list[tuple[str, ValType | None]]


def variant(cases: Cases, value: Any) -> Variant:
    """Converts a value of one of these cases to a `Variant` with the case's name."""
    if has_names(cases):
        case, value = value.tag, value.payload
    else:
        class_ = object if value is None else type(value)
        case = next(case for case, type_ in cases if class_ in classes(type_))
    payload_type = dict(cases)[case]
    return Variant(case, payload_type and from_wit(payload_type, value))


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
