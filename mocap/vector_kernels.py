"""Vectors of LANES numbers, one for each of several keypoints: a type of the compiler, and what is done with it.

Loops over lanes in plain Python leave it to the compiler whether several lanes are worked on in one instruction, and
make it read and write memory for every step. Of this type it keeps whole vectors in registers. Arrays that hold them
are flat and C-ordered; a row is LANES float64.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LANES = 8
OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "arcp", "nsz"}}
INLINE = {**OPTIONS, "cache": False, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_FAST = ("contract", "reassoc", "arcp", "nsz")


class _Lanes(types.Type):
    """The type of a vector as the compiler knows it."""

    def __init__(self):
        super().__init__(name=f"Lanes{LANES}")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, _VECTOR)


def _same(number):
    return ir.Constant(_VECTOR, [ir.Constant(ir.DoubleType(), number)] * LANES)


def _spread(builder, number):
    """Return code for a vector that holds the number in all lanes."""
    places = ir.VectorType(ir.IntType(32), LANES)
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(places, [0] * LANES))


_CASES = [
    signature(_lanes, _lanes, _lanes),
    signature(_lanes, types.float64, _lanes),
    signature(_lanes, _lanes, types.float64),
]


def _binary(symbol, method):
    """Teach the compiler an operator between vectors, and between a vector and a number."""

    class _Template(ConcreteTemplate):
        cases = _CASES

    def code(context, builder, sig, args):
        both = (
            part if kind == _lanes else _spread(builder, part) for part, kind in zip(args, sig.args, strict=True)
        )
        return getattr(builder, method)(*both, flags=_FAST)

    infer_global(symbol)(_Template)
    for case in _CASES:
        lower_builtin(symbol, *case.args)(code)


for _symbol, _method in (
    (operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv")
):  # fmt: skip
    _binary(_symbol, _method)


def _place(context, builder, kind, array, row):
    data = context.make_array(kind)(context, builder, array).data
    start = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(start, _VECTOR.as_pointer())


@intrinsic
def load(_, array, row):
    """Return a row of a flat array."""

    def code(context, builder, sig, args):
        return builder.load(_place(context, builder, sig.args[0], *args), align=8)

    return signature(_lanes, array, types.intp), code


@intrinsic
def store(_, array, row, vector):
    """Write a row of a flat array."""

    def code(context, builder, sig, args):
        builder.store(args[2], _place(context, builder, sig.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), code


@intrinsic
def same(_, number):
    """Return a vector that holds a number in all lanes."""
    return signature(_lanes, types.float64), lambda context, builder, sig, args: _spread(builder, args[0])


@intrinsic
def where_positive(_, test, yes, no):
    """Return by lane the one where `test` is above zero, else the other."""

    def code(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered(">", args[0], _same(0.0)), *args[1:])

    return signature(_lanes, _lanes, _lanes, _lanes), code


@intrinsic
def total(_, vector):
    """Return the sum over the lanes."""

    def code(context, builder, sig, args):
        places = (builder.extract_element(args[0], ir.Constant(ir.IntType(32), lane)) for lane in range(LANES))
        result = next(places)
        for number in places:
            result = builder.fadd(result, number, flags=_FAST)
        return result

    return signature(types.float64, _lanes), code


@intrinsic
def root(_, vector):
    """Return the square roots."""

    def code(context, builder, sig, args):
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        return builder.call(builder.module.declare_intrinsic(f"llvm.sqrt.v{LANES}f64", fnty=kind), args)

    return signature(_lanes, _lanes), code
