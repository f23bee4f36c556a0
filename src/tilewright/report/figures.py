"""The report's figures: curves, histograms, psum widths and cycles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from tilewright.facts import Epoch, PsumWidthFacts
from tilewright.report.picture import CodeCounts
from tilewright.report.summary import LayerSummary
from tilewright.report.svg import MINUS, Axes, alone, line, num, rect, svg, text


def training_curve(metrics: Sequence[Epoch]) -> Markup:
    """Loss and accuracies by epoch, side by side."""
    epochs = [entry.epoch for entry in metrics]
    span = (min(epochs), max(max(epochs), min(epochs) + 1))
    loss = Axes(span, (0, max(1e-9, *(entry.loss for entry in metrics))), right=20)
    train, holdout = (
        [100 * entry.train_accuracy for entry in metrics],
        [100 * entry.holdout_accuracy for entry in metrics],
    )
    share = Axes(span, (math.floor(min(*train, *holdout) / 10) * 10, 100), right=70)
    ends = sorted([(train[-1], "training", "c2"), (holdout[-1], "hold-out", "c1")])
    labels = []
    for place, (value, name, kind) in enumerate(ends):
        _, y = share.at(span[0], value)
        labels.append(text(share.width - 66, y + (10 if place == 0 else -2), name, kind=kind))
    parts = [
        *loss.frame("training loss", "epoch"),
        *loss.curve(epochs, [entry.loss for entry in metrics], kind="c3"),
        '<g transform="translate(410 0)">',
        *share.frame("accuracy, %", "epoch"),
        *share.curve(epochs, train, kind="c2"),
        *share.curve(epochs, holdout, kind="c1"),
        *labels,
        "</g>",
    ]
    return svg(810, 190, parts, title="training loss and accuracy by epoch", kind="wide")


def histogram(codes: CodeCounts, what: str) -> Markup:
    """How often each code occurs; the bar of 0 is marked, and cut where it is twice as high as any other."""
    width, height, floor = 300.0, 96.0, 78.0
    zeros = round(codes.zero_share * sum(codes.counts))
    others = sum(codes.counts) - zeros  # what is left of a tower of zeros is cut off
    most = (
        max(1, *codes.counts)
        if not others
        else max(_highest(codes), min(zeros, 2 * _highest(codes)))
    )
    step = width / len(codes.counts)
    bars = _bars(codes, step, floor, most)
    high = codes.low + len(codes.counts) - 1
    marks = [text(0, 92, codes.low, kind="soft"), text(width, 92, high, kind="soft", anchor="end")]
    if codes.low < 0 <= high:
        marks.append(text((0.5 - codes.low) * step, 92, 0, kind="soft", anchor="middle"))
    share = 100 * codes.zero_share
    title = f"{what}: {sum(codes.counts):,}, {share:.1f} % are 0"
    return svg(width, height, [*bars, *marks], title=title, kind="histogram")


def _highest(codes: CodeCounts) -> int:
    """Of the codes but 0."""
    return max(count for place, count in enumerate(codes.counts) if codes.low + place)


def _bars(codes: CodeCounts, step: float, floor: float, most: int) -> Iterator[str]:
    gap = min(2.0, step / 6)
    for place, count in enumerate(codes.counts):
        code = codes.low + place
        if count:
            tall = max(1.0, 72 * min(1.0, count / most))
            kind = "zero" if code == 0 else "bar"
            tip = f"code {code}: {count:,}"
            yield rect(place * step + gap / 2, floor - tall, step - gap, tall, kind=kind, tip=tip)
    yield line(0, floor, step * len(codes.counts), floor)


def psum_scale(layer: LayerSummary, thresholds: Sequence[tuple[int, int, int]]) -> Markup:
    """The register, what these weights reach, what was seen, and thresholds, on one axis in bits."""
    half = max(layer.psum_bits, layer.psum_bits_needed) - 1
    width, left = 440.0, 74.0

    def at(psum: float) -> float:
        bits = math.copysign(math.log2(1 + abs(psum)), psum)
        return left + (width - left - 8) * (bits + half) / (2 * half)

    limit = 1 << (layer.psum_bits - 1)
    rows = (
        ("register", (-limit, limit - 1), "bar", f"{layer.psum_bits} bits"),
        ("reachable", layer.psum_reachable, "fill1", f"{layer.psum_bits_needed} bits"),
        ("seen", layer.psum_observed, "fill3", ""),
    )
    parts: list[str] = []
    for row, (name, (low, high), kind, said) in enumerate(rows):
        y = 4 + row * 17
        parts.append(text(left - 8, y + 11, name, kind="soft", anchor="end"))
        tip = f"{name}: {low:,} to {high:,}"
        parts.append(rect(at(low), y, at(high) - at(low), 13, kind=kind, tip=tip, r=2))
        if said:
            inner = "over" if kind == "fill1" else ""
            parts.append(text(at(0), y + 11, said, kind=f"small {inner}", anchor="middle"))
    if thresholds:
        parts.append(text(left - 8, 66, "thresholds", kind="soft", anchor="end"))
    for level, (low, middle, high) in enumerate(thresholds, start=1):
        tip = f"code step {level}: psum {low:,} to {high:,} by channel, median {middle:,}"
        parts.append(rect(at(low), 57, max(1.5, at(high) - at(low)), 10, kind="faint", tip=tip))
        parts.append(rect(at(middle) - 0.75, 57, 1.5, 10, kind="ink", tip=tip))
    floor = 76.0 if thresholds else 57.0
    for bits in range(0, half + 1, max(2, 2 * round(half / 6))):
        for sign in {-1, 1} if bits else {1}:
            x = at(sign * (2**bits - 1))
            label = f"{MINUS if sign < 0 else ''}2^{bits}" if bits else "0"
            parts += [
                line(x, 2, x, floor),
                text(x, floor + 12, label, kind="soft small", anchor="middle"),
            ]
    title = (
        f"psums of {layer.name}: register of {layer.psum_bits} bits, these weights reach "
        f"{layer.psum_reachable[0]:,} to {layer.psum_reachable[1]:,}"
    )
    return svg(width, floor + 16, sorted(parts, key=_is_above), title=title, kind="scale")


def _is_above(part: str) -> bool:
    """Grid lines first, so that they lie below."""
    return not part.startswith("<line")


def shares(parts: Mapping[str, int], what: str) -> Markup:
    """Parts of a whole as one bar."""
    total, x = max(1, sum(parts.values())), 0.0
    drawn: list[str] = []
    for place, (name, count) in enumerate(parts.items()):
        wide = 440 * count / total
        tip = f"{name}: {count:,} of {total:,}"
        drawn.append(rect(x, 0, wide, 18, kind=f"part{place}", tip=tip))
        label = f"{name} {100 * count / total:.0f} %"
        if wide > 7 * len(label):
            drawn.append(text(x + wide / 2, 13, label, kind=f"small on{place}", anchor="middle"))
        x += wide
    said = ", ".join(f"{name} {count:,}" for name, count in parts.items())
    return svg(440, 18, drawn, title=f"{what}: {said}", kind="shares")


def psum_widths(layers: Sequence[LayerSummary]) -> Markup:
    """Bits that each layer's psums need: by type, by its weights, and what the array provides."""
    provided = layers[0].psum_bits
    most = max(provided, *(layer.psum_bits_by_type for layer in layers)) + 1
    left, height = 190.0, 20.0
    foot = 34 + height * len(layers)

    def at(bits: float) -> float:
        return left + (720 - left - 10) * bits / most

    parts = [text(left, 12, f"bits of a psum; the array has {provided}", kind="b")]
    for bits in range(0, most + 1, 4):
        parts.append(line(at(bits), 18, at(bits), foot - 14))
        parts.append(text(at(bits), foot, bits, kind="soft", anchor="middle"))
    for row, layer in enumerate(layers):
        y = 20 + row * height
        parts += [
            text(left - 8, y + 13, layer.name, anchor="end"),
            rect(
                left, y + 2, at(layer.psum_bits_by_type) - left, 15, kind="bar", tip="any weights"
            ),
            rect(
                left, y + 5, at(layer.psum_bits_needed) - left, 9, kind="fill1", tip="these weights"
            ),
            _inside(at(layer.psum_bits_needed), y + 13, layer.psum_bits_needed),
        ]
    parts.append(line(at(provided), 16, at(provided), foot - 12, kind="limit"))
    return svg(720, foot + 6, parts, title="psum bits needed by each layer", kind="wide")


def _inside(x: float, y: float, bits: int) -> str:
    """The number at the right end of its bar."""
    return text(x - 4, y, bits, kind="small over", anchor="end")


def psum_curve(facts: PsumWidthFacts) -> Markup:
    """Accuracy by psum bits, and the three widths that are safe; facts of the psum-width command."""
    bits = [point.bits for point in facts.points]
    percent = [100 * point.accuracy for point in facts.points]
    safe = (
        (facts.observed, "held what was seen", "c2"),
        (facts.by_weights, "hold these weights, any input", "c3"),
        (facts.by_type, "hold any weights", "c1"),
    )
    span = (min(bits), max(*bits, *(width for width, _, _ in safe)) + 1)
    axes = Axes(span, (0, 100), width=620, height=300, top=30, bottom=84)
    title = f"psums that {facts.overflow}"
    title += f", per {facts.place}" if facts.overflow == "saturate" else ""
    parts = [*axes.frame(f"{title}: % of {facts.images:,} images", "psum bits")]
    for place, (width, label, kind) in enumerate(safe):
        x, low = axes.at(width, 0)
        _, high = axes.at(width, 100)
        parts.append(line(x, low, x, high, kind=f"dash {kind}"))
        parts.append(text(44, 250 + 14 * place, f"{width} bits {label}", kind=kind))
    return svg(620, 300, [*parts, *axes.curve(bits, percent, kind="c1")], title=title, kind="wide")


def psum_curve_file(facts: PsumWidthFacts) -> str:
    """The curve as an SVG file."""
    return alone(psum_curve(facts))


__all__ = [
    "histogram",
    "num",
    "psum_curve",
    "psum_curve_file",
    "psum_scale",
    "psum_widths",
    "shares",
    "training_curve",
]
