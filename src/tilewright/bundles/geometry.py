"""The sizes that a manifest would state, for files that come without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from tilewright.errors import ConfigError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat

_NEEDED = ("ic", "oc", "size", "kernel", "bits", "rows", "cols")
_OPTIONAL = {"stride": "1", "padding": "0"}
EXAMPLE = "ic=8,oc=8,size=4,kernel=3,stride=1,padding=1,bits=4/4/16,rows=8,cols=8"
"""How a geometry is written; a pair of sizes, vertical first, is written 4x5, and padding of 0 above and left
of the plane and 1 below and right of it 0x0x1x1."""
_INSTEAD = {
    "groups": "files are of one group: state its channels, as in ic=1,oc=1 for a depthwise layer",
    "dilation": "state the kernel with its gaps, which are weights of 0: kernel=5 for 3 taps and dilation 2",
}
_BITS = "activation/weight/psum, as in bits=4/4/16, or bits=s4/4/16 where activations are signed"


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes and number formats of one layer on one array.

    The weights may use the whole range of their bits, the most negative code too.
    """

    shape: ConvShape
    array: ArrayShape
    act_format: NumberFormat
    weight_format: NumberFormat

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``key=value`` pairs, parted by commas; bits are activation/weight/psum.

        Signed activations have an s before their bits, as in ``bits=s4/4/16``.

        Raises `ConfigError` that names the key that is missing, unknown or not a size.

        >>> Geometry.parse("ic=2,oc=3,size=4x5,kernel=1,bits=4/4/16,rows=2,cols=3").shape.iw
        5
        """
        values = _split(text)
        is_signed = values["bits"].startswith("s")
        unmarked = values | {"bits": values["bits"].removeprefix("s")}
        act, weight, psum = _numbers(unmarked, "bits", "/", 3)
        padding = _edges(values)
        shape = ConvShape(
            ic=_number(values, "ic"),
            ih=_pair(values, "size")[0],
            iw=_pair(values, "size")[1],
            oc=_number(values, "oc"),
            kh=_pair(values, "kernel")[0],
            kw=_pair(values, "kernel")[1],
            stride=_pair(values, "stride"),
            padding=padding[:2],
            padding_after=padding[2:],
        )
        array = ArrayShape(_number(values, "rows"), _number(values, "cols"), psum_bits=psum)
        return cls(shape, array, NumberFormat(act, is_signed), NumberFormat(weight, is_signed=True))


def _split(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in text.replace(" ", "").split(","):
        key, equals, value = part.partition("=")
        if key not in (*_NEEDED, *_OPTIONAL) or not equals or key in values:
            if key in _INSTEAD:
                raise ConfigError(f"a geometry has no '{key}': {_INSTEAD[key]}")
            raise ConfigError(
                f"a geometry is written {EXAMPLE}, each key once; '{part}' does not fit"
            )
        values[key] = value
    missing = [key for key in _NEEDED if key not in values]
    if missing:
        raise ConfigError(f"the geometry must also say {', '.join(missing)}: write {EXAMPLE}")
    return _OPTIONAL | values


def _numbers(values: dict[str, str], key: str, mark: str, count: int) -> list[int]:
    if not re.fullmatch(rf"[0-9]{{1,6}}({mark}[0-9]{{1,6}}){{{count - 1}}}", values[key]):
        shown = _BITS if key == "bits" else f"{key}={mark.join(['N'] * count)}"
        raise ConfigError(f"geometry: {key} must be written {shown}, not '{values[key]}'")
    return [int(number) for number in values[key].split(mark)]


def _number(values: dict[str, str], key: str) -> int:
    return _numbers(values, key, "/", 1)[0]


def _edges(values: dict[str, str]) -> tuple[int, int, int, int]:
    """Padding above, left, below and right; the same at both ends where one or two numbers are given."""
    if values["padding"].count("x") == 3:
        top, left, bottom, right = _numbers(values, "padding", "x", 4)
        return top, left, bottom, right
    return *_pair(values, "padding"), *_pair(values, "padding")


def _pair(values: dict[str, str], key: str) -> tuple[int, int]:
    if "x" not in values[key]:
        return (_number(values, key),) * 2
    vertical, horizontal = _numbers(values, key, "x", 2)
    return vertical, horizontal
