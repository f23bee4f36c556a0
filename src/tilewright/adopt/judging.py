"""How many numbers are right under a fit: every one is compared, under the function with the fewest wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tilewright.adopt.fit import Fit
from tilewright.adopt.operands import Codes, Floats, read_expected, tap_order, tap_orders
from tilewright.adopt.rules import Constant, best_rule
from tilewright.adopt.sized import Sized
from tilewright.spec import OutputFunction

LEAKS = (1, 2, 3, 4, 5, 6)
OUTPUTS = re.compile(r"relu|out(?!.*p?sum)")
"""Names of files after ReLU, where no number of them is negative."""


def psums_of(
    tensor: npt.NDArray[np.int64], sized: Sized
) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Expected numbers as psums ``oc onij``: taps are added up; streamed ones in each order of taps."""
    sizes = sized.sizes
    if sizes.kind == "psum":
        yield "", tensor
    elif sizes.kind == "tap_psum":
        yield "", tensor.sum(axis=0, dtype=np.int64)
    else:
        pixels = streamed_pixels(sized)  # kij onij
        for order in tap_orders(sizes.kernel):
            taps = tensor[tap_order(sizes.kernel, order)].astype(np.int64)
            yield order, sum(tap[:, pixels[kij]] for kij, tap in enumerate(taps))


def streamed_pixels(sized: Sized) -> npt.NDArray[np.int64]:
    """``kij onij`` to the pixel of the plane in the file."""
    sizes = sized.sizes
    (kh, kw), (sh, sw), (oh, ow) = sizes.kernel, sizes.stride, sizes.out
    down = np.arange(kh)[:, None] + sh * np.arange(oh)  # kh oh
    across = np.arange(kw)[:, None] + sw * np.arange(ow)  # kw ow
    pixels = down[:, None, :, None] * (sizes.plane or (0, 0))[1] + across[None, :, None, :]
    return pixels.reshape(kh * kw, oh * ow)


def functions_of(
    wanted: npt.NDArray[np.float64], sized: Sized, name: str
) -> Iterator[OutputFunction]:
    """What the expected numbers of a file called `name` could be of the psums, the likeliest first."""
    plain = OutputFunction("signed")
    if sized.sizes.kind != "psum":
        yield plain
        return
    if wanted.min() >= 0:
        relu = OutputFunction("relu")
        yield from (relu, plain) if OUTPUTS.search(name.lower()) else (plain, relu)
    else:
        yield plain
        yield from (OutputFunction("leaky", shift) for shift in LEAKS)


def apply(function: OutputFunction, psums: Floats) -> Floats:
    """The function of psums, on whole numbers that are held as floats."""
    if function.function == "signed":
        return psums
    below = 0.0 if function.function == "relu" else np.floor(psums / (1 << function.shift))
    return np.where(psums < 0, below, psums)


def _judge_taps(fit: Fit, codes: Codes, stated: Floats) -> Fit:
    """The fit with the psums of every tap compared, in the order of taps with the fewest wrong ones."""
    sizes, kernel = fit.sized.sizes, fit.kernel.astype(np.float64)
    if sizes.kind == "streamed":
        plane = codes.tensor.reshape(sizes.ic, -1).astype(np.float64)
        taps = kernel.transpose(2, 0, 1) @ plane  # kij oc nij
    else:
        windows = codes.windows.reshape(sizes.ic, sizes.taps, -1)
        taps = kernel.transpose(2, 0, 1) @ windows.transpose(1, 0, 2)  # kij oc onij
    taps = taps[:, :, : stated.shape[2]]  # of the first ofmap pixels, where the file has no others
    orders = (tap_order(sizes.kernel, order) for order in tap_orders(sizes.kernel))
    wrong = min(int((stated[order] != taps).sum()) for order in orders)
    telling = int(((taps != 0) | (stated != 0)).sum())
    return replace(fit, wrong=wrong, compared=stated.size, telling=telling)


def ruled(fit: Fit, codes: Codes, constants: Sequence[Constant]) -> Fit | None:
    """The fit under a rule with which every number is right; None if there is none."""
    sizes = fit.sized.sizes
    psums = (fit.kernel.reshape(sizes.oc, -1).astype(np.float64) @ codes.windows).astype(np.int64)
    stated = read_expected(fit.families[2], fit.sized, fit.expected).astype(np.int64)
    rule = best_rule(psums, stated, constants)
    if rule is None:
        return None
    return replace(fit, rule=rule, compared=stated.size, telling=stated.size)


def judge(fit: Fit, codes: Codes | None = None) -> Fit:
    """The fit with every number compared, under the function with the fewest wrong ones."""
    sizes = fit.sized.sizes
    codes = codes or fit.codes
    psums = fit.kernel.reshape(sizes.oc, -1).astype(np.float64) @ codes.windows
    tensor = read_expected(fit.families[2], fit.sized, fit.expected)
    if sizes.kind != "psum":
        return _judge_taps(fit, codes, tensor.astype(np.float64))
    stated = next(p for order, p in psums_of(tensor, fit.sized) if order == fit.psum_taps)
    best: Fit | None = None
    for function in functions_of(stated.astype(np.float64), fit.sized, fit.families[2].name):
        outputs = apply(function, psums)[:, : stated.shape[1]]
        wrong = int((outputs != stated).sum())
        if best is None or wrong < best.wrong:
            telling = int(((outputs != 0) | (stated != 0)).sum())
            count = stated.size
            best = replace(fit, function=function, wrong=wrong, compared=count, telling=telling)
    return best or fit
