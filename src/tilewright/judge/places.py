"""From what a dump says of the place of a number to where it stands in its tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tilewright.errors import ConfigError, FormatError
from tilewright.judge.listed import numbers_in_order
from tilewright.vectors import Bundle

PLACES = ("itile", "kij", "oc", "otile", "col", "oh", "ow", "onij")
"""Words that are places, in the order in which they stand in a kind."""
INDEX = "index"
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}


class Places:
    """From what a row or a match says of its place to the flat index of its number.

    axes: those that are said, outermost first; none where numbers stand in `order` (`numbers_in_order`), and
    `INDEX` alone where each is said to be so far from the first one in it.
    """

    def __init__(self, bundle: Bundle, kind: str, axes: Sequence[str], order: str | None) -> None:
        is_index = list(axes) == [INDEX]
        if axes and order is not None and not is_index:
            raise ConfigError("an order is for numbers without a place: leave out --order")
        self.kind, self.axes = kind, axes
        self.index = numbers_in_order(
            bundle, kind, " ".join(axes) if axes and not is_index else order
        )
        self.sizes = sizes_of(bundle) | {INDEX: len(self.index)}
        self.next = 0

    def target(self, places: Mapping[str, str], where: str) -> int:
        """Raises `FormatError` for a place outside the layer, and for a number too many."""
        if not self.axes:
            self.next += 1
            if self.next > len(self.index):
                raise FormatError(
                    f"{where}: there must be {len(self.index)} numbers of {self.kind}, but here is one more"
                )
            return int(self.index[self.next - 1])
        flat = 0
        for axis in self.axes:
            place, size = _natural(places[axis]), self.sizes[axis]
            if place is None or not 0 <= place < size:
                raise FormatError(
                    f"{where}: {axis} must be 0..{size - 1} in this layer, but is {places[axis]}: "
                    "another geometry?"
                )
            flat = flat * size + place
        return int(self.index[flat])


def _natural(text: str) -> int | None:
    """The number of a place, which a data frame may write as 3.0, UVM as 'd3; None if it is none."""
    literal = re.fullmatch(r"[0-9]*'([bodh])([0-9a-f]{1,15})", text, re.IGNORECASE)
    if literal:
        try:
            return int(literal[2], _BASES[literal[1].lower()])
        except ValueError:
            return None
    found = re.fullmatch(r"([0-9]{1,15})(\.0*)?", text)
    return int(found[1]) if found else None


def sizes_of(bundle: Bundle) -> dict[str, int]:
    """The sizes of all axes that can be a place."""
    shape = bundle.shape
    sizes = {"itile": bundle.plan.itiles, "kij": shape.taps, "onij": shape.onij}
    sizes |= {"otile": bundle.plan.otiles, "col": bundle.array.cols}
    return sizes | {"oc": shape.oc, "oh": shape.oh, "ow": shape.ow}
