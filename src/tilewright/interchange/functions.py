"""Functions of real numbers between quantizers: what the source makes of each code, and which only rise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tilewright.interchange.folding import run_alone
from tilewright.interchange.kernels import Singles
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.values import Step, Value
from tilewright.spec.step_search import Floats

OPSET = 20
"""Of the standard operators, where none is stated; it has Gelu, and the others as older ones have them."""


def _sigmoid(_op: Operator, values: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(values, -700, 700)))
    return found


def _hard_sigmoid(op: Operator, values: Floats) -> Floats:
    alpha, beta = op.number("alpha", 0.2), op.number("beta", 0.5)
    return np.clip(alpha * values + beta, 0, 1)


def _leaky(op: Operator, values: Floats) -> Floats:
    found: Floats = np.where(values < 0, op.number("alpha", 0.01) * values, values)
    return found


def _elu(op: Operator, values: Floats) -> Floats:
    negative = op.number("alpha", 1.0) * np.expm1(np.minimum(values, 0))
    found: Floats = np.where(values < 0, negative, values)
    return found


def _celu(op: Operator, values: Floats) -> Floats:
    alpha = op.number("alpha", 1.0)
    negative = alpha * np.expm1(np.minimum(values, 0) / alpha) if alpha > 0 else values
    found: Floats = np.where(values < 0, negative, values)
    return found


def _selu(op: Operator, values: Floats) -> Floats:
    alpha, gamma = op.number("alpha", 1.6732632), op.number("gamma", 1.0507010)
    found: Floats = gamma * np.where(values < 0, alpha * np.expm1(np.minimum(values, 0)), values)
    return found


def _beyond(op: Operator, values: Floats) -> Floats:
    found: Floats = np.where(values > op.number("alpha", 1.0), values, 0.0)
    return found


RISING: dict[str, Callable[[Operator, Floats], Floats]] = {
    "Ceil": lambda _op, values: np.ceil(values),
    "Celu": _celu,
    "Elu": _elu,
    "Erf": lambda _op, values: np.vectorize(math.erf, otypes=[np.float64])(values),
    "Exp": lambda _op, values: np.exp(np.minimum(values, 700)),
    "Floor": lambda _op, values: np.floor(values),
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _leaky,
    "Round": lambda _op, values: np.rint(values),
    "Selu": _selu,
    "Sigmoid": _sigmoid,
    "Sign": lambda _op, values: np.sign(values),
    "Softplus": lambda _op, values: np.logaddexp(0, values),
    "Softsign": lambda _op, values: values / (1 + np.abs(values)),
    "Tanh": lambda _op, values: np.tanh(values),
    "ThresholdedRelu": _beyond,
}
"""Those that never fall: they may stand between sums and a quantizer."""
EXACT = ("Ceil", "Floor", "Round", "Sign")
"""Those that nobody rounds."""


def _gelu(op: Operator, values: Floats) -> Floats:
    if op.attributes.get("approximate", "none") == "tanh":
        inner = math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)
        result: Floats = 0.5 * values * (1 + np.tanh(inner))
        return result
    found: Floats = 0.5 * values * (1 + RISING["Erf"](op, values / math.sqrt(2)))
    return found


def _quick_gelu(op: Operator, values: Floats) -> Floats:
    return values * _sigmoid(op, op.number("alpha", 1.702) * values)


TURNING: dict[str, Callable[[Operator, Floats], Floats]] = {
    "Abs": lambda _op, values: np.abs(values),
    "Gelu": _gelu,
    "HardSwish": lambda _op, values: values * np.clip(values / 6 + 0.5, 0, 1),
    "Mish": lambda _op, values: values * np.tanh(np.logaddexp(0, values)),
    "QuickGelu": _quick_gelu,
}
"""Those that fall and then rise: they may stand there too, if the quantizer follows at once."""

FUNCTIONS = (
    *RISING,
    *TURNING,
    *("Cos", "Log", "Pow", "Reciprocal", "Shrink", "Sin", "Sqrt"),
)
"""Those that may stand between a quantizer and another."""


def read_of_sums(op: Operator, value: Value) -> Value:
    """The value after a function of sums; refuses those of which only a table of codes can be made."""
    if op.kind in TURNING:
        turning = TURNING[op.kind]
        return value.through(op, Step(lambda values: turning(op, values), turns=True))
    if op.kind not in RISING or op.number("alpha", 0.0) < 0:
        op.refuse(
            "it must stand between two quantizers, so that it is a table of codes: put one before and "
            "one behind it"
        )
    function, is_exact = RISING[op.kind], op.kind in EXACT
    return value.through(op, Step(lambda values: function(op, values), is_exact=is_exact))


def has_numbers(op: Operator, found: Singles) -> npt.NDArray[np.bool_]:
    """Where a function gives a number: the logarithm of 0 is the lowest of all, by whichever sign 0 has; the
    reciprocal is not, and floats of codes have both.
    """
    is_number: npt.NDArray[np.bool_] = np.isfinite(found) | (
        (op.kind == "Log") & np.isneginf(found)
    )
    return is_number


def evaluate(
    op: Operator, values: Singles, constants: dict[str, Array], *, opset: int = OPSET
) -> Singles:
    """What ONNX Runtime, which the source's engine runs its operators with, makes of these numbers."""
    others = [name for name in op.inputs[1:] if name]
    if any(name not in constants or constants[name].size != 1 for name in others):
        op.refuse("its other inputs must be constants of one number")
    known = {name: np.array(scalar(op, constants[name], "an input"), np.float32) for name in others}
    found: Singles = run_alone(op, {op.inputs[0]: values, **known}, opset)[op.output]
    is_number = has_numbers(op, found)
    if not is_number.all():
        worst = float(values[~is_number][0])
        op.refuse(f"it gives no number for {worst:g}, which is a code of its input")
    return found
