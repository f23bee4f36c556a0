"""The recorded run itself: whether its words are what its own numbers make.

A proof is about the netlist that yosys reads. Where the simulator took the same text for something else, or
ran another one, the run shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tilewright.prove.streams import Described, Placed
from tilewright.waves import Recording

Place = tuple[str, tuple[int, ...]]


def contradiction(described: Described, recording: Recording, placed: Iterable[Placed]) -> str:
    """Which word y of a run is not what is described, of its words a and w; "" if none is.

    Words of which a bit is not known, or that come in several values, say nothing.
    """
    shown: dict[Place, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in placed:
        held = recording.inputs.get(one.port) or recording.outputs[one.port]
        bits = held[one.cycle][::-1][one.low : one.low + one.width]
        for at, bit in enumerate(bits, one.first):
            shown[one.word, one.place][at].add(bit)
    for place in described.places("y"):
        due = _due(described, shown, place)
        if due is None:
            continue
        for at, seen in shown["y", place].items():
            if seen <= {"0", "1"} and seen != {str(due >> at & 1)}:
                indices = "".join(f"[{index}]" for index in place)
                return (
                    f"the netlist does, but in the recorded run bit {at} of y{indices} is {min(seen)}, where "
                    f"its words make {due}: the simulator took the sources for something else than yosys, or "
                    "ran others"
                )
    return ""


def _due(
    described: Described, shown: Mapping[Place, Mapping[int, set[str]]], place: tuple[int, ...]
) -> int | None:
    p, t, c = place
    bits = described.of("y").bits
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    total = 0
    for k in range(described.sizes["K"]):
        a = _number(described, shown, ("a", (p, t, k)))
        w = _number(described, shown, ("w", (p, k, c)))
        if a is None or w is None:
            return None
        total += a * w
        if described.computes == "saturate each":
            total = min(max(total, low), high)
    if described.computes == "relu":
        return max(total, 0)
    return min(max(total, low), high) if described.computes == "saturate" else total


def _number(
    described: Described, shown: Mapping[Place, Mapping[int, set[str]]], place: Place
) -> int | None:
    stream, bits = described.of(place[0]), shown[place]
    if any(one not in ({"0"}, {"1"}) for one in bits.values()):
        return None
    value = sum(int(min(one)) << at for at, one in bits.items())
    is_negative = stream.signed and value >> (stream.bits - 1) & 1
    return value - (1 << stream.bits) if is_negative else value
