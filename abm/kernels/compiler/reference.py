"""State by reference: what a compiled day passes from function to function is one pointer.

A NamedTuple of arrays goes into compiled code by value, some hundred words at every call, which
makes calls and their compilation slow. At the door ``by_reference`` writes down where every column
lies, in one block of words, and compiled code reads from it what it needs; fields read the same.
Nothing is copied. With the compiler switched off the NamedTuple itself is used.

The words do not change while compiled code runs. Loads of them are marked so, and the compiler may
take them out of loops that write into the columns. Numba's structref cannot promise that and counts
references besides: with it the same days took 2.0 to 2.5 times as long.
"""

import hashlib
from array import array
from ctypes import addressof, c_char
from functools import cache
from struct import Struct
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

_WORD = ir.IntType(64)
_FLOAT, _BITS = Struct("d"), Struct("q")
_NOTHING = np.zeros(8)
_NOWHERE: int = _NOTHING.__array_interface__["data"][0]  # of empty columns: nothing is read
_KEEP_BYTES = 2**20  # columns of a larger world are not kept alive for the next call
_NUMBERS: dict[Any, Any] = {float: types.float64, int: types.int64, bool: types.boolean}


class ReferenceType(types.Type):
    """Numba type of a pointer to columns; ``fields`` are name -> (type, first word)."""

    def __init__(self, name: str, fields: dict[str, tuple[Any, int]]) -> None:
        self.fields = fields
        super().__init__(name=name)


class Reference:
    """Columns, and the words that say where they lie: address and shape of an array, or a number.

    Raises TypeError where an array is not C-contiguous.
    """

    __slots__ = ("address", "columns", "kind", "n_bytes", "nested", "words")
    kind: ReferenceType
    address: int
    n_bytes: int

    def __init__(self, columns: Any) -> None:
        kinds: list[Any] = []
        words: list[int] = []
        nested: list[Reference] = []
        from_buffer: Any = c_char.from_buffer
        n_bytes = 0
        for value in columns:
            if isinstance(value, np.ndarray):
                kinds.append((value.dtype, value.ndim))
                size = value.nbytes
                try:  # four times faster than to ask; refuses what is not C-contiguous
                    words.append(addressof(from_buffer(value)) if size else _NOWHERE)
                except (TypeError, ValueError):
                    words.append(_address_of(value, type(columns).__name__))
                words += value.shape
                n_bytes += size
            elif isinstance(value, tuple):
                inner = _refer(value)
                nested.append(inner)
                n_bytes += inner.n_bytes
                kinds.append(inner.kind)
                words.append(inner.address)
            elif isinstance(value, float):
                kinds.append(float)
                words.extend(_BITS.unpack(_FLOAT.pack(value)))
            else:
                kinds.append(bool if isinstance(value, bool | np.bool_) else int)
                words.append(int(value))
        self.columns, self.nested = columns, nested  # both kept alive
        self.n_bytes = n_bytes
        self.words = array("q", words)
        self.address = self.words.buffer_info()[0]
        self.kind = _type_of(type(columns).__name__, columns._fields, tuple(kinds))


def _address_of(column: np.ndarray, owner: str) -> int:
    """Address of a column that is not to be written."""
    if not column.flags.c_contiguous:
        raise TypeError(f"{owner}: columns must be C-contiguous")
    address: int = column.__array_interface__["data"][0]
    return address


@cache
def _type_of(name: str, names: tuple[str, ...], kinds: tuple[Any, ...]) -> ReferenceType:
    """Numba type of a reference to columns of these types."""
    fields: dict[str, tuple[Any, int]] = {}
    word = 0
    for field, kind in zip(names, kinds, strict=True):
        if isinstance(kind, tuple):
            dtype, n_dimensions = kind
            fields[field] = (
                types.Array(numba.from_dtype(dtype), n_dimensions, "C"),
                word,
            )
            word += 1 + n_dimensions
        else:
            fields[field] = (_NUMBERS.get(kind, kind), word)
            word += 1
    digest = hashlib.sha256(repr(fields).encode()).hexdigest()[:8]
    return ReferenceType(f"{name}_{digest}", fields)


_newest: dict[str, Reference] = {}  # a run is advanced in several calls on the same columns


def _refer(columns: Any) -> Reference:
    """The reference to these columns: the newest of their class, or a new one."""
    name = type(columns).__name__
    kept = _newest.get(name)
    if kept is not None and kept.columns is columns:
        return kept
    made = Reference(columns)
    if made.n_bytes < _KEEP_BYTES:
        _newest[name] = made
    return made


def by_reference(*columns: Any) -> tuple[Any, ...]:
    """The same columns, each behind one pointer, for compiled code."""
    return columns if numba.config.DISABLE_JIT else tuple(map(_refer, columns))


@typeof_impl.register(Reference)
def _typeof(value, context):
    return value.kind


@register_model(ReferenceType)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _WORD.as_pointer())


@unbox(ReferenceType)
def _unbox(kind, value, native):
    pyapi = native.pyapi
    address = pyapi.object_getattr_string(value, "address")
    word = pyapi.long_as_longlong(address)
    pyapi.decref(address)
    return NativeValue(native.builder.inttoptr(word, _WORD.as_pointer()))


@infer_getattr
class _Fields(AttributeTemplate):
    key = ReferenceType

    def generic_resolve(self, reference, name):
        return reference.fields[name][0] if name in reference.fields else None


@lower_getattr_generic(ReferenceType)
def _load_field(context, builder, reference, words, name):
    """A field, put together from its words."""
    kind, first = reference.fields[name]

    def word(offset):
        place = builder.gep(words, [ir.Constant(ir.IntType(32), first + offset)], inbounds=True)
        loaded = builder.load(place)
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if isinstance(kind, types.Array):
        return _array(context, builder, kind, word(0), [word(1 + d) for d in range(kind.ndim)])
    if isinstance(kind, ReferenceType):
        return builder.inttoptr(word(0), _WORD.as_pointer())
    if kind == types.float64:
        return builder.bitcast(word(0), ir.DoubleType())
    return builder.trunc(word(0), ir.IntType(1)) if kind == types.boolean else word(0)


def _array(context, builder, kind, address, shape):
    """A C-contiguous array that owns nothing."""
    model = context.data_model_manager[kind]
    item = ir.Constant(_WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    n_items, strides = shape[0], [item]
    for extent in shape[1:]:
        n_items = builder.mul(n_items, extent)
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    data = builder.inttoptr(address, context.get_value_type(model.get_type("data")))
    array = ir.Constant(model.get_value_type(), None)
    for field, value in (("nitems", n_items), ("itemsize", item), ("data", data)):
        array = builder.insert_value(array, value, model.get_field_position(field))
    for axis in range(kind.ndim):
        for field, value in (("shape", shape[axis]), ("strides", strides[axis])):
            array = builder.insert_value(array, value, [model.get_field_position(field), axis])
    return array
