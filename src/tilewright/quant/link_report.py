"""What of a quantized module will not run on integers from its input to its output, said before training."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from tilewright.quant.links import NO_INPUT, Wiring, find_wiring
from tilewright.quant.node_modules import is_node, operand_count

ALONE = "move it behind the last layer, or leave it out"
NORM_FIRST = "put it right behind its layer, before the pool or flatten"
AT_THE_INPUT = "let a quantized layer read the module's input as it is"
TRACEABLE = "write its forward without control flow on values"
WHOLE_POOL = "give quantize an example input (example=x[:1]), or use a pool with a fixed kernel"

ADVICE = {
    "getitem": "let the next layer read the whole value: weights of 0 leave channels out",
    "pad": "use the padding of the convolution",
    "MaxPool2d": "use ceil_mode=False and dilation=1",
    "BatchNorm2d": NORM_FIRST,
    "BatchNorm1d": NORM_FIRST,
    "AdaptiveMaxPool2d": WHOLE_POOL,
    "adaptive_max_pool2d": WHOLE_POOL,
    "view": "use x.flatten(1)",
    "reshape": "use x.flatten(1)",
}
"""What to do about an operation that ends a path; `ALONE` for others."""


class UnlinkedWarning(UserWarning):
    """A quantized module will not run on integers from its input to its output."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A node whose sums do not lead on to the next codes, why, and what to do."""

    node: str
    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}; {self.advice}"


@dataclass(frozen=True, slots=True)
class LinkReport:
    """Names of a module's quantized nodes as they run, and the gaps between them; none: it is whole."""

    nodes: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def is_whole(self) -> bool:
        """Whether integers lead from the input to the output."""
        return not self.gaps

    def __str__(self) -> str:
        if self.is_whole:
            return (
                f"all {len(self.nodes)} nodes are linked on integers, from the input to the output"
            )
        lines = "".join(f"\n  {gap}" for gap in self.gaps)
        return (
            "not all of this module will run on integers from its input to its output, though each "
            f"layer will be exact by itself:{lines}"
        )


def link_report(module: nn.Module) -> LinkReport:
    """What `recover` will say of the links of a quantized `module`; it need not be trained, nor have run."""
    wiring = find_wiring(module)
    names = tuple(wiring.links) or tuple(
        name for name, part in module.named_modules() if is_node(part)
    )
    return LinkReport(names, tuple(_gaps(module, wiring, names)))


def warn_of_gaps(module: nn.Module) -> None:
    """Warn if `module` has gaps."""
    report = link_report(module)
    if not report.is_whole:
        warnings.warn(str(report), UnlinkedWarning, stacklevel=3)


def _gaps(module: nn.Module, wiring: Wiring, names: tuple[str, ...]) -> Iterator[Gap]:
    """Where a path ends; only if none does, which operands nothing feeds."""
    ends = [name for name in names[:-1] if name in wiring.reasons and name not in wiring.outputs]
    for name in ends:
        yield _end(name, wiring.reasons[name], wiring.causes.get(name, ""))
    if ends or not wiring.links:
        return
    fed = {(link.consumer, link.operand) for links in wiring.links.values() for link in links}
    fed |= {(entry.consumer, entry.operand) for entry in wiring.entries}
    for name in names:
        operands = operand_count(module.get_submodule(name))
        is_fed = all((name, operand) in fed for operand in range(operands))
        if not is_fed:
            yield Gap(name, "no quantized layer feeds it", AT_THE_INPUT)


def _end(name: str, reason: str, cause: str) -> Gap:
    if cause:
        return Gap(name, reason, ADVICE.get(cause, ALONE))
    return Gap(name, reason, AT_THE_INPUT if reason == NO_INPUT else TRACEABLE)
