"""Calls the component through wasmtime, in a fresh sandbox per call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, cast
from urllib.parse import urlsplit

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Func, Linker, ResultType, ValType

from .functions import CONTRACT, PATHS, Functions
from .records import from_json, to_json
from .types import Connection, Error, ErrorDetail
from .wit import answer, to_wit

MEMORY = 256 << 20
"""How much memory a call may use, in bytes."""


class RetoolError(Exception):
    """The contract's error. `case` is `permanent`, `transient` or `execution-failed`.

    `permanent` fails again until something is changed; `transient` may be retried safely.
    `detail.kind` and `detail.code` say what happened. `execution-failed` has no detail.
    """

    case: str
    detail: ErrorDetail | None

    def __init__(self, error: Error) -> None:
        self.error = error
        if isinstance(error, str):
            self.case, self.detail = error, None
            super().__init__(error)
        else:
            ((case, detail),) = cast(Mapping[str, ErrorDetail], error).items()
            self.case, self.detail = case, detail
            super().__init__(f"{case} ({detail.code}): {detail.message}")


class _Plugin:
    """The component, compiled once. Threads may share it; they run while another one calls."""

    def __init__(self) -> None:
        self.engine = Engine(Config())
        component = files(__package__).joinpath("retool_lifecycle.guarded.wasm").read_bytes()
        self.component = Component(self.engine, component)
        self.linker = Linker(self.engine)
        self.linker.add_wasip2()
        self.linker.add_wasi_http()

    def function(self, store: Store, path: str) -> Func:
        """Instantiates the component, and finds one of its functions, e.g. `directory/find-user`."""
        interface, name = path.split("/")
        package, version = CONTRACT.split("@")
        instance = self.linker.instantiate(store, self.component)
        exported = f"{package}/{interface}@{version}"
        index = instance.get_export_index(store, exported)
        index = index and instance.get_export_index(store, name, index)
        function = index and instance.get_func(store, index)
        if not function:
            raise LookupError(f"the component exports no {exported}#{name}")
        return function


_plugin: _Plugin | None = None
_compiling = threading.Lock()


def _compiled() -> _Plugin:
    global _plugin
    with _compiling:
        if _plugin is None:
            _plugin = _Plugin()
        return _plugin


class Organisation(Functions):
    """One organisation for which the component is called. Each function of the contract is a method.

    The first call in a process compiles the component. Every call has a sandbox of its own. It
    reaches the origin of the base URL and no other, and sees the variables of `environment` and no
    others: tokens and `RETOOL_…` settings. With `EGRESS_GUARD_METHODS` (e.g. `GET`), requests with
    other methods are denied.

    Records are the dataclasses of this package, or mappings of the same form. Calls raise
    `RetoolError`; `TypeError` for a request that is not of the contract, before anything is sent; and
    `wasmtime.WasmtimeError` if the sandbox stopped the component: it is then not known what was
    written.
    """

    def __init__(
        self, connection: Connection | Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        self.connection: dict[str, Any] = to_json(connection)
        url = urlsplit(self.connection["base_url"])
        self.environment = {**environment, "EGRESS_GUARD_ORIGIN": f"{url.scheme}://{url.netloc}"}

    def call(self, function: str, request: Mapping[str, Any] | None = None) -> Any:
        """Calls a function with JSON: the request is an object of its parameters. Returns the result
        as JSON. A function is named as `find-user` or `directory/find-user`.
        """
        path = PATHS.get(function, function)
        if path not in PATHS.values():
            raise LookupError(f"the contract has no function {function}")
        plugin = _compiled()
        store = self._store(plugin.engine)
        found = plugin.function(store, path)
        parameters, result_type = signature(found, store)
        given = to_json(request or {})
        if "connection" in given:
            raise TypeError("the connection is the organisation's, and no part of a request")
        given["connection"] = self.connection
        arguments = [to_wit(type_, given.pop(name, None), name) for name, type_ in parameters]
        if given:
            raise TypeError(f"{function} has no {', '.join(given)}")
        succeeded, value = answer(result_type, found(store, *arguments))
        if not succeeded:
            raise RetoolError(from_json(Error, value))  # type: ignore[arg-type]
        return value

    def _call(self, function: str, arguments: Mapping[str, Any], result: Any) -> Any:
        return from_json(result, self.call(function, arguments))

    def _store(self, engine: Engine) -> Store:
        wasi = WasiConfig()
        wasi.env = list(self.environment.items())
        wasi.inherit_stderr()
        store = Store(engine)
        store.set_wasi(wasi)
        store.set_wasi_http()
        store.set_limits(memory_size=MEMORY)
        return store


def signature(function: Func, store: Store) -> tuple[list[tuple[str, ValType]], ResultType]:
    """Returns the parameters of a function in JSON's spelling, and the type of its result."""
    type_ = function.type(store)
    assert isinstance(type_.result, ResultType), "every function of the contract returns one"
    return [(name.replace("-", "_"), param) for name, param in type_.params], type_.result
