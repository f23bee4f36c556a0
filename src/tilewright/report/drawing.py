"""The network as a drawing: what each node does, its bits and sizes, and which layer is the choke."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tilewright.report.picture import NodePicture, Picture
from tilewright.report.svg import line, num, rect, svg, text

ACROSS = 7
"""Nodes in a row."""
STEP, ROW = 124.0, 150.0


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node's place: the left edge and the top of its cell."""

    x: float
    y: float


def network(picture: Picture) -> Markup:
    """All nodes in their order, row by row; a box shows map and channels by its size."""
    nodes = picture.nodes
    spots = [_Spot(8 + STEP * (i % ACROSS), ROW * (i // ACROSS)) for i in range(len(nodes))]
    parts: list[str] = []
    for place, (node, spot) in enumerate(zip(nodes, spots, strict=True)):
        parts += _arrow(spots, place)
        parts += _node(node, spot, is_choke=node.name == picture.choke, note=_from(nodes, place))
    rows = -(-len(nodes) // ACROSS)
    title = "the network: " + ", ".join(f"{node.name} ({node.what})" for node in nodes)
    return svg(16 + STEP * min(ACROSS, len(nodes)), ROW * rows, parts, title=title, kind="net")


def _node(node: NodePicture, spot: _Spot, *, is_choke: bool, note: str) -> Iterator[str]:
    channels, height, width = node.shape
    tall = 22 + 40 * math.log2(1 + max(height, width)) / 8
    wide = 26 + 60 * math.log2(1 + channels) / 10
    center, middle = spot.x + STEP / 2 - 8, spot.y + 46
    kind = "choke" if is_choke else "node" if node.weight_bits else "plain"
    tip = f"{node.name}: {node.what}, {channels}x{height}x{width}"
    yield rect(center - wide / 2, middle - tall / 2, wide, tall, kind=kind, tip=tip, r=4)
    bits = f"W{node.weight_bits} A{node.act_bits}" if node.weight_bits else f"A{node.act_bits}"
    yield text(
        center, middle + 4, bits, kind="b small" + (" over" if is_choke else ""), anchor="middle"
    )
    lines = [
        (_short(node.name), "b"),
        (node.what, "soft"),
        (f"{channels}x{height}x{width}", "soft"),
        *([("choke: one tile", "c3 b")] if is_choke else [(note, "soft")] if note else []),
    ]
    for row, (words, tone) in enumerate(lines):
        yield text(center, spot.y + 91 + 13.5 * row, words, kind=f"{tone} small", anchor="middle")


def _arrow(spots: Sequence[_Spot], place: int) -> Iterator[str]:
    """From the node before, where that stands in the same row."""
    spot = spots[place]
    if place and spots[place - 1].y == spot.y:
        x, y = spot.x - 8, spot.y + 46
        yield line(x - 12, y, x + 10, y, kind="arrow")
        yield f'<path d="M{num(x + 6)} {num(y - 4)}l6 4l-6 4z" class="tip"/>'


def _from(nodes: Sequence[NodePicture], place: int) -> str:
    """Whom the node reads, unless it is the one before alone."""
    feeds = nodes[place].feeds
    before = (nodes[place - 1].name,) if place else ()
    if feeds == before or not feeds:
        return ""
    return "from " + ", ".join(_short(name, 9) for name in feeds)


def _short(name: str, most: int = 17) -> str:
    """The end of a long name, which tells layers apart."""
    return name if len(name) <= most else f"…{name[-most + 1 :]}"
