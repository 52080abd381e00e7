"""Counts the FLOPs of a traced program's matrix products, loops multiplied out."""

import math
from collections.abc import Iterator
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr


def matrix_flops(traced: ClosedJaxpr) -> float:
    """FLOPs of all matrix products, on all devices together; those inside kernels are not seen.

    A `while` loop, whose turns are not known before it runs, and the branches of a condition count once.
    """
    return _count(traced.jaxpr)


def _count(jaxpr: Jaxpr) -> float:
    total = 0.0
    for equation in jaxpr.eqns:
        name, parameters = equation.primitive.name, equation.params
        if name == "dot_general":
            total += _of_product(equation)
        elif name != "pallas_call":
            # Inside a `shard_map` shapes are those of one device.
            times = parameters["mesh"].size if name == "shard_map" else parameters.get("length", 1)
            total += times * sum(_count(inner) for inner in _inner(parameters))
    return total


def _of_product(equation: Any) -> float:
    (contracted, _), _ = equation.params["dimension_numbers"]
    left = equation.invars[0].aval.shape
    return 2.0 * math.prod(equation.outvars[0].aval.shape) * math.prod(left[axis] for axis in contracted)


def _inner(parameters: dict[str, Any]) -> Iterator[Jaxpr]:
    for value in parameters.values():
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, ClosedJaxpr):
                yield each.jaxpr
            elif isinstance(each, Jaxpr):
                yield each
