"""Sums and products of eight lanes side by side, written for the compiler.

A strict sum is not vectorised by the compiler itself: its order is part of its bits. Here the order
is fixed, and the same on processors of any width. Every loop has a plain version of the same
bits, which runs where the compiler is switched off.
"""

from contextlib import contextmanager

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.types import containers
from numba.extending import intrinsic

LANES = 8
_NUMBER, _WORD, _INDEX = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
_EIGHT = ir.VectorType(_NUMBER, LANES)
_ZEROS = ir.Constant(_EIGHT, [0.0] * LANES)


def add_lane_products_plain(lanes, k, z, tile, p, count):
    """lanes[k, z, j] += sum over t of tile[p, 8t + j] tile[z, 8t + j], in the order of t.

    For the first `count` columns, a multiple of eight, and a block of two by two: k and k + 1 (with
    rows p and p + 1), z and z + 1.
    """
    for row in range(2):
        for column in range(2):
            for t in range(0, count, LANES):
                for j in range(LANES):
                    product = tile[p + row, t + j] * tile[z + column, t + j]
                    lanes[k + row, z + column, j] += product


@intrinsic
def _add_lane_products(typing_context, lanes, k, z, tile, p, count):
    """A block of two by two sums: each row that is fetched serves two of them."""
    _require_contiguous(lanes, tile)

    def build(context, builder, signature, arguments):
        lanes_type, _, _, tile_type, _, _ = signature.args
        sums, k, z, books, p, count = arguments

        def eight(array_type, array, *index):
            view = context.make_array(array_type)(context, builder, array)
            start = cgutils.get_item_pointer(context, builder, array_type, view, index)
            return builder.bitcast(start, _EIGHT.as_pointer())

        def rows(first, t):
            index = [(builder.add(first, _word(r)), t) for r in range(2)]
            return [builder.load(eight(tile_type, books, *at), align=8) for at in index]

        corners = [(builder.add(k, _word(r)), builder.add(z, _word(c)))
                   for r in range(2) for c in range(2)]  # fmt: skip
        targets = [eight(lanes_type, sums, *corner, _word(0)) for corner in corners]
        totals = _begin(builder, [builder.load(target, align=8) for target in targets])
        with _steps(builder, _word(0), count, LANES) as t:
            shares, held = rows(p, t), rows(z, t)
            products = [builder.fmul(share, units) for share in shares for units in held]
            _add(builder, totals, products)
        for total, target in zip(totals, targets, strict=True):
            builder.store(builder.load(total), target, align=8)
        return context.get_dummy_value()

    return numba.void(lanes, numba.intp, numba.intp, tile, numba.intp, numba.intp), build


def fold_lanes_plain(lanes, k, j):
    """Sum of the eight lanes at [k, j], which are put to 0: halves, quarters, and the last two."""
    a, b, c, d, e, f, g, h = lanes[k, j]
    lanes[k, j] = 0.0
    return ((a + e) + (c + g)) + ((b + f) + (d + h))


@intrinsic
def _fold_lanes(typing_context, lanes, k, j):
    """Halves are added side by side."""
    _require_contiguous(lanes)

    def build(context, builder, signature, arguments):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        index = [*arguments[1:], _word(0)]
        start = cgutils.get_item_pointer(context, builder, kind, view, index)
        place = builder.bitcast(start, _EIGHT.as_pointer())
        total, n = builder.load(place, align=8), LANES
        builder.store(_ZEROS, place, align=8)
        while n > 1:
            n //= 2
            halves = [
                builder.shuffle_vector(total, total, _mask(range(first, first + n)))
                for first in (0, n)
            ]
            total = builder.fadd(*halves)
        return builder.extract_element(total, ir.Constant(_INDEX, 0))

    return types.float64(lanes, numba.intp, numba.intp), build


def lane_sums_plain(columns, size):
    """Sum of the first `size` entries of each column.

    Lane j adds entries j, j + 8, ...; the lanes are added two by two, and what fills no eight comes
    last.
    """
    totals = []
    for column in columns:
        lanes, rest = [0.0] * LANES, 0.0
        whole = size // LANES * LANES
        for i in range(whole):
            lanes[i % LANES] += column[i]
        for i in range(whole, size):
            rest += column[i]
        a, b, c, d, e, f, g, h = lanes
        totals.append((((a + b) + (c + d)) + ((e + f) + (g + h))) + rest)
    return tuple(totals)


def lane_sizes_plain(columns, size):
    """The same of the sizes of their entries, whatever the sign."""
    return lane_sums_plain([[abs(entry) for entry in column] for column in columns], size)


@intrinsic
def _lane_sums(typing_context, columns, size):
    """Sums of the entries."""
    return _sum_columns(columns, lambda builder, entries: entries)


@intrinsic
def _lane_sizes(typing_context, columns, size):
    """Sums of what the entries are without their sign."""

    def size_of(builder, entries):
        is_below = builder.fcmp_ordered("<", entries, ir.Constant(entries.type, None))
        return builder.select(is_below, builder.fneg(entries), entries)

    return _sum_columns(columns, size_of)


def _sum_columns(columns, of):
    """Type and code of sums over columns, of what `of` makes of their entries.

    Several columns at once: in one alone each addition waits for the one before.
    """
    _require_contiguous(*columns)

    def build(context, builder, signature, arguments):
        packed, size = arguments
        starts = [
            context.make_array(kind)(context, builder, column).data
            for kind, column in zip(
                signature.args[0], cgutils.unpack_tuple(builder, packed), strict=True
            )
        ]

        def add_up(first, last, zero):
            totals, width = _begin(builder, [zero] * len(starts)), len(zero.constant)
            with _steps(builder, first, last, width) as t:
                places = [_vector_at(builder, start, t, zero.type) for start in starts]
                entries = [builder.load(place, align=8) for place in places]
                _add(builder, totals, [of(builder, each) for each in entries])
            return [builder.load(total) for total in totals]

        def tree(lanes, first, n):
            if n == 1:
                return builder.extract_element(lanes, ir.Constant(_INDEX, first))
            half = n // 2
            return builder.fadd(tree(lanes, first, half), tree(lanes, first + half, half))

        whole = _whole(builder, size, LANES)
        eights = add_up(_word(0), whole, _ZEROS)
        rests = add_up(whole, size, ir.Constant(ir.VectorType(_NUMBER, 1), [0.0]))
        totals = [
            builder.fadd(tree(lanes, 0, LANES), tree(rest, 0, 1))
            for lanes, rest in zip(eights, rests, strict=True)
        ]
        return context.make_tuple(builder, signature.return_type, totals)

    return containers.UniTuple(types.float64, len(columns))(columns, numba.intp), build


def add_rows_plain(first, scales, rows, lo, total):
    """total[j] += sum over k >= first of scales[k] rows[k, lo + j], row after row."""
    for k in range(first, len(scales)):
        for j in range(len(total)):
            total[j] += scales[k] * rows[k, lo + j]


@intrinsic
def _add_rows(typing_context, first, scales, rows, lo, total):
    """All rows for 32 entries at once, then for what is left in ever smaller lanes.

    Row by row each sum would be fetched and stored again for every row.
    """
    _require_contiguous(scales, rows, total)

    def build(context, builder, signature, arguments):
        kinds = signature.args
        first, lo = arguments[0], arguments[3]
        scales, rows, total = (
            context.make_array(kinds[at])(context, builder, arguments[at]) for at in (1, 2, 4)
        )
        n_rows, size = (cgutils.unpack_tuple(builder, each.shape)[0] for each in (scales, total))
        stride = cgutils.unpack_tuple(builder, rows.strides)[0]

        def add(at, n_vectors, width):
            """Add to `n_vectors` vectors of `width` entries of total, from entry `at` on."""
            vector = ir.VectorType(_NUMBER, width)
            entries = [builder.add(at, _word(v * width)) for v in range(n_vectors)]
            targets = [_vector_at(builder, total.data, entry, vector) for entry in entries]
            totals = _begin(builder, [builder.load(target, align=8) for target in targets])
            with _steps(builder, first, n_rows, 1) as k:
                scale = _alike(builder, builder.load(builder.gep(scales.data, [k])), vector)
                row = cgutils.pointer_add(builder, rows.data, builder.mul(k, stride))
                places = [
                    _vector_at(builder, row, builder.add(lo, entry), vector) for entry in entries
                ]
                held = [builder.load(place, align=8) for place in places]
                _add(builder, totals, [builder.fmul(scale, units) for units in held])
            for each, target in zip(totals, targets, strict=True):
                builder.store(builder.load(each), target, align=8)

        block = 4 * LANES
        blocks, eights = _whole(builder, size, block), _whole(builder, size, LANES)
        with _steps(builder, _word(0), blocks, block) as at:
            add(at, 4, LANES)
        with _steps(builder, blocks, eights, LANES) as at:
            add(at, 1, LANES)
        for width in (4, 2, 1):
            is_left = builder.icmp_signed("!=", builder.and_(size, _word(width)), _word(0))
            with builder.if_then(is_left):
                add(_whole(builder, size, 2 * width), 1, width)
        return context.get_dummy_value()

    return numba.void(first, scales, rows, lo, total), build


def _require_contiguous(*kinds):
    """Raise where an entry of a row does not lie next to the one before."""
    for kind in kinds:
        if kind.layout != "C" or kind.dtype != types.float64:
            raise numba.TypingError(f"{kind}: lanes are of contiguous float64")


def _word(number):
    """A whole number, written into the code."""
    return ir.Constant(_WORD, number)


def _mask(lanes):
    """Lanes to take of a vector."""
    return ir.Constant(ir.VectorType(_INDEX, len(lanes)), list(lanes))


def _whole(builder, size, width):
    """The largest multiple of a width that is no larger than a size."""
    return builder.sub(size, builder.srem(size, _word(width)))


@contextmanager
def _steps(builder, first, last, width):
    """A loop over first, first + width, ... below last."""
    with cgutils.for_range_slice(builder, first, last, _word(width), _WORD) as (index, _):
        yield index


def _vector_at(builder, start, entry, vector):
    """Pointer to the vector of entries of a row from one on."""
    return builder.bitcast(builder.gep(start, [entry]), vector.as_pointer())


def _alike(builder, number, vector):
    """A vector of the same number."""
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(first, empty, _mask([0] * vector.count))


def _begin(builder, values):
    """Places of sums that begin with these values."""
    return [cgutils.alloca_once_value(builder, value) for value in values]


def _add(builder, totals, terms):
    """Add a term to every sum."""
    for total, term in zip(totals, terms, strict=True):
        builder.store(builder.fadd(builder.load(total), term), total)


if numba.config.DISABLE_JIT:
    add_lane_products, fold_lanes = add_lane_products_plain, fold_lanes_plain
    add_rows, lane_sums, lane_sizes = add_rows_plain, lane_sums_plain, lane_sizes_plain
else:
    add_lane_products, fold_lanes = _add_lane_products, _fold_lanes
    add_rows, lane_sums, lane_sizes = _add_rows, _lane_sums, _lane_sizes
