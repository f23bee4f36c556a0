"""The verdict on one node: whether the training forward's integers equal those of the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import Node, Stimulus, port_name, signed_bits_needed
from tilewright.verify.compare import Comparison, compare
from tilewright.verify.reference import reference_next_codes, reference_sums


@dataclass(frozen=True, slots=True)
class WidthClaim:
    """How wide the psums of a layer are, and whether the array's psum register holds them.

    `bits_needed` is exact for the layer's weights over *all* inputs of its number format
    (`Node.sum_range`), so it also covers every partial sum; `observed` is the range seen on
    the samples; `bits_by_type` is what any weights of the format would need.
    """

    bits: int
    bits_needed: int
    bits_by_type: int
    reachable: tuple[int, int]
    observed: tuple[int, int]

    @property
    def passed(self) -> bool:
        """Whether the register is wide enough and nothing outside the reachable range was seen."""
        low, high = self.reachable
        return (
            self.bits_needed <= self.bits and low <= self.observed[0] and self.observed[1] <= high
        )

    def __str__(self) -> str:
        return (
            f"psums need {self.bits_needed} bits (reachable {self.reachable[0]}..{self.reachable[1]}, "
            f"observed {self.observed[0]}..{self.observed[1]}), the array provides {self.bits}"
        )


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """The judgement on one node. `width` is None where no array adds: additions and pools.

    next_codes: a comparison for each node that reads the output. `unlinked` says why there are fewer.
    """

    layer: str
    psums: Comparison
    next_codes: tuple[Comparison, ...]
    width: WidthClaim | None
    unlinked: str

    @property
    def passed(self) -> bool:
        """Whether every check of the node holds."""
        return (
            self.psums.passed
            and (self.width is None or self.width.passed)
            and all(codes.passed for codes in self.next_codes)
        )


def check_node(node: Node, stimulus: Stimulus, *, psum_bits: int) -> NodeVerdict:
    """Judge one node on what the training forward computed: its sums, and the codes it led to.

    stimulus: the claims of the training forward; psum_bits: of the array. Raises `FormatError` naming
    an input code outside its format.
    """
    ports = [port_name(node.name, operand) for operand in range(node.operands)]
    operands = [stimulus.codes[port] for port in ports]
    for port, codes in zip(ports, operands, strict=True):
        node.act_format.check(codes, what=f"layer {port}: input code", axes="n ic ih iw")
    expected = reference_sums(node, *operands)
    return NodeVerdict(
        node.name,
        compare(
            expected,
            stimulus.psums[node.name],
            what="psums of the training forward",
            layer=node.name,
        ),
        tuple(
            compare(
                reference_next_codes(expected, link),
                stimulus.codes[link.port],
                what=f"input codes of {link.port}",
                layer=node.name,
            )
            for link in node.requantizations
        ),
        claim_width(node, expected, psum_bits=psum_bits) if node.is_on_array else None,
        node.unlinked,
    )


def claim_width(node: Node, psums: npt.NDArray[np.int64], *, psum_bits: int) -> WidthClaim:
    """The psum-width claim of a node on the array; psums ``n oc oh ow`` are the observed ones."""
    reachable, bound = node.sum_range(), node.sum_bound()
    return WidthClaim(
        bits=psum_bits,
        bits_needed=signed_bits_needed(*reachable),
        bits_by_type=signed_bits_needed(-bound, bound),
        reachable=reachable,
        observed=(int(psums.min()), int(psums.max())),
    )
