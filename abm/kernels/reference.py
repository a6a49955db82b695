"""State by reference: what a compiled day passes from function to function is one pointer.

A NamedTuple of arrays is passed by value, some hundred words at every call, which makes both the
calls and their compilation slow. At the door of the compiled code ``by_reference`` wraps the
columns into a structure that is passed as a pointer; its fields read the same. Nothing is copied.
With the compiler switched off the NamedTuple itself is used.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba.core import types
from numba.experimental import structref
from numba.extending import overload

_Fields = tuple[tuple[str, Any], ...]


class _Reference(types.StructRef):  # type: ignore[name-defined]
    """Numba type of a structure of columns."""

    def preprocess_fields(self, fields: _Fields) -> _Fields:
        unliteral = types.unliteral  # type: ignore[attr-defined]
        return tuple((name, unliteral(kind)) for name, kind in fields)


def by_reference(columns):
    """The same columns, behind one pointer; inside compiled code only."""
    return columns


_WRAPPERS: dict[str, Callable[[Any], Any]] = {}


def make_reference(
    namespace: dict[str, Any], columns_class: type, nested: tuple[str, ...] = ()
) -> None:
    """Let ``by_reference`` wrap a NamedTuple class; ``nested`` fields are wrapped in turn.

    The structure's type is put in the module that defines it, where Numba's cache looks it up.
    """
    name = f"{columns_class.__name__}Reference"
    fields = list(columns_class._fields)  # type: ignore[attr-defined]
    names = {"__module__": namespace["__name__"], "__qualname__": name}
    kind = structref.register(type(name, (_Reference,), dict(names)))
    proxy_name = f"{columns_class.__name__}Columns"
    names["__qualname__"] = proxy_name
    proxy = type(proxy_name, (structref.StructRefProxy,), dict(names))
    structref.define_constructor(proxy, kind, fields)
    namespace[name], namespace[proxy_name] = kind, proxy
    values = ", ".join(f"wrap(columns.{f})" if f in nested else f"columns.{f}" for f in fields)
    scope: dict[str, Any] = {"proxy": proxy, "wrap": by_reference}
    exec(f"def wrapper(columns):\n    return proxy({values})\n", scope)  # one argument per field
    _WRAPPERS[columns_class.__name__] = scope["wrapper"]


if not numba.config.DISABLE_JIT:

    @overload(by_reference)
    def _by_reference(columns):
        return _WRAPPERS[columns.instance_class.__name__]
