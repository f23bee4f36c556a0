"""What hinders a foreign graph from being stated in integers: all of it, node by node, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tilewright.errors import FormatError
from tilewright.interchange.folding import MICROSOFT
from tilewright.interchange.linear_quant import LINEAR_QUANT
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS
from tilewright.interchange.values import Value

OF_EACH_INPUT = (
    "what it divides by follows from each input; train with BatchNormalization in its place, or build it of "
    "integers with tilewright.quant.PixelNorm"
)
ATTENTION = (
    "its exponentials are floats; build the attention of integers with tilewright.quant.AttentionScores, "
    "AttentionSoftmax and AttentionMix (docs/quantize.md), or let the network end before it"
)
PRODUCT = (
    "it multiplies two activations, and a layer's weights are constant; build attention of integers with "
    "tilewright.quant.AttentionScores and AttentionMix (docs/quantize.md), or let the network end before it"
)
ADVICE = {
    **dict.fromkeys(
        (
            "GroupNormalization",
            "InstanceNormalization",
            "LayerNormalization",
            "LRN",
            "RMSNormalization",
            "SimplifiedLayerNormalization",
        ),
        OF_EACH_INPUT,
    ),
    **dict.fromkeys(("LogSoftmax", "Softmax"), ATTENTION),
    **dict.fromkeys(
        ("ExtendedDequantizeLinear", "ExtendedQuantizeLinear"),
        "it is one tool's own operation: quantize with ONNX's QuantizeLinear and DequantizeLinear",
    ),
    "FloatQuant": "codes are integers: quantize with a Quant node",
    "Im2Col": "import the file from before its convolutions were lowered to matrix products",
}
"""What to do about operations that others often use."""

OF_DOMAINS = {
    "mct_quantizers": "export with QuantizationFormat.FAKELY_QUANT",
    "com.amd.quark": "block floats have no integers of one scale: quantize to int8 or uint8, as the "
    "configurations XINT8, A8W8 and S8S8_AAWS do",
    "qonnx.custom_op.channels": "operators for channels last that are not read: export with channels first",
}
"""What to do about operators of other domains, by the beginning of their names."""

STANDARD = ("", "ai.onnx")

OF_MICROSOFT = (*LINEAR_QUANT, "Gelu", "QuickGelu")
"""Operations of ONNX Runtime's own domain: those of the standard, for more types, and functions."""

NOT_STATED = "it cannot be stated in integers between quantized layers"


class HindranceError(FormatError):
    """Operations that hinder a network; `reasons` has a line for each."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        told = _together(self.reasons)
        several = "; ".join(f"({n}) {reason}" for n, reason in enumerate(told, 1))
        super().__init__(
            told[0] if len(told) == 1 else f"{len(told)} things hinder this network: {several}"
        )


def _together(reasons: tuple[str, ...]) -> list[str]:
    """The same, with one line for all nodes that are of one operation and hinder for one reason."""
    others: dict[str, list[str]] = {}
    firsts: dict[str, str] = {}
    for reason in reasons:
        label, _, why = reason.partition("): ")
        name, _, kind = label.removeprefix("node ").rpartition(" (")
        alike = f"{kind}: {why}" if why and label.startswith("node ") else reason
        if alike in firsts:
            others[alike].append(name)
        firsts.setdefault(alike, reason)
        others.setdefault(alike, [])
    return [
        f"{reason} (and so of {', '.join(others[alike])})" if others[alike] else reason
        for alike, reason in firsts.items()
    ]


class UnlikeInputsError(FormatError):
    """The input is quantized in several ways."""


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A tensor that cannot be followed. reasons: that nobody has been told yet; they matter once a layer
    reads it. behind: the last value that was followed, None for constants. label: of the first operation.
    """

    reasons: tuple[str, ...]
    behind: Value | None
    label: str

    def note(self) -> str:
        """What of the network is left out if this is its output."""
        assert self.behind is not None, "an output follows from the input"  # noqa: S101
        return f"{self.label}, which follows {self.behind.origin}, is not in the integers"


def refuse_other_domains(op: Operator) -> None:
    """Refuse an operation that has the name of a standard one and is another, as channels-last ones are."""
    is_custom = op.kind in (*QUANT_OPERATORS, "BipolarQuant", "MultiThreshold", "Trunc")
    is_custom |= op.domain == MICROSOFT and op.kind in OF_MICROSOFT
    if op.domain not in STANDARD and not is_custom and op.kind not in ADVICE:
        advice = next(
            (advice for start, advice in OF_DOMAINS.items() if op.domain.startswith(start)),
            "export with operators of ONNX alone",
        )
        op.refuse(
            f"its domain {op.domain!r} is not that of the standard operators, so it may do something else "
            f"than they do: {advice}"
        )


def refuse_unknown(op: Operator) -> None:
    """Refuse an operation of activations that is not known, with what to do where that is known."""
    advice = ADVICE.get(op.kind)
    op.refuse(f"{NOT_STATED}: {advice}" if advice else NOT_STATED)


CONTROL = ("If", "Loop", "Scan")
RECURRENT = ("DynamicQuantizeLSTM", "GRU", "LSTM", "RNN")


def refuse_other_dialects(ops: tuple[Operator, ...], place: object) -> None:
    """Raise `FormatError` if a file finds its codes while it runs, chooses what it computes, or recurs."""
    if any(op.kind == "DynamicQuantizeLinear" for op in ops):
        raise FormatError(
            f"{place} finds the scales of its activations while it runs (DynamicQuantizeLinear): quantize it "
            "statically, with quantize_static"
        )
    branch = next((op for op in ops if op.kind in CONTROL), None)
    if branch is not None:
        branch.refuse(
            "what it computes is chosen while the network runs: export it with fixed sizes and without "
            "control flow, or let onnxsim take out what is constant"
        )
    recurrent = next((op for op in ops if op.kind in RECURRENT), None)
    if recurrent is not None:
        recurrent.refuse(
            "recurrent layers cannot be stated in integers: what one step hands to the next are floats that "
            "no quantizer makes codes; let the network end before it, or convolve over time"
        )
