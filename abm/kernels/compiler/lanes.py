"""Products of eight lanes side by side, written for the compiler."""

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8


def add_lane_products_plain(lanes, k, z, tile, p, count):
    """lanes[k, z, j] += sum over t of tile[p, 8t + j] tile[z, 8t + j], in the order of t.

    For the first `count` columns, a multiple of eight, and a block of two by two: k and k + 1 (with
    rows p and p + 1), z and z + 1. What `add_lane_products` does, bit for bit.
    """
    for row in range(2):
        for column in range(2):
            for t in range(0, count, LANES):
                for j in range(LANES):
                    product = tile[p + row, t + j] * tile[z + column, t + j]
                    lanes[k + row, z + column, j] += product


@intrinsic
def _add_lane_products(typing_context, lanes, k, z, tile, p, count):
    """Eight lanes side by side: a strict sum is not vectorised by the compiler itself."""

    def build(context, builder, signature, arguments):
        vector = ir.VectorType(ir.DoubleType(), LANES)
        lanes_type, _, _, tile_type, _, _ = signature.args
        sums, k, z, books, p, count = arguments

        def constant(number):
            return context.get_constant(numba.intp, number)

        def eight(array_type, array, *index):
            view = context.make_array(array_type)(context, builder, array)
            pointer = cgutils.get_item_pointer(context, builder, array_type, view, index)
            return builder.bitcast(pointer, vector.as_pointer())

        def row(first, t):
            index = [(builder.add(first, constant(r)), t) for r in range(2)]
            return [builder.load(eight(tile_type, books, *at), align=8) for at in index]

        corners = [(builder.add(k, constant(r)), builder.add(z, constant(c)))
                   for r in range(2) for c in range(2)]  # fmt: skip
        targets = [eight(lanes_type, sums, *corner, constant(0)) for corner in corners]
        totals = [cgutils.alloca_once(builder, vector) for _ in targets]
        for total, target in zip(totals, targets, strict=True):
            builder.store(builder.load(target, align=8), total)
        step = constant(LANES)
        with cgutils.for_range_slice(builder, constant(0), count, step, ir.IntType(64)) as (t, _):
            shares, held = row(p, t), row(z, t)
            products = [builder.fmul(share, units) for share in shares for units in held]
            for total, product in zip(totals, products, strict=True):
                builder.store(builder.fadd(builder.load(total), product), total)
        for total, target in zip(totals, targets, strict=True):
            builder.store(builder.load(total), target, align=8)
        return context.get_dummy_value()

    return numba.void(lanes, numba.intp, numba.intp, tile, numba.intp, numba.intp), build


if numba.config.DISABLE_JIT:
    add_lane_products = add_lane_products_plain
else:
    add_lane_products = _add_lane_products
