"""VCD files (IEEE 1364-2005, section 18)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import FormatError
from tilewright.store.artifact import read_bytes
from tilewright.waves.wave_file import LEVELS, Variable, WaveFile, with_buses

_RANGE = re.compile(r"\[-?\d+(:-?\d+)?\]$")

_NO_BITS = ("real", "realtime", "string")
_BIT = re.compile(r"\[\d+\]")
"""What stands behind the name of one bit, as ModelSim declares each bit of a bus."""


@dataclass(frozen=True, slots=True)
class VcdFile(WaveFile):
    """A VCD file: the variables that its header declares, and the words behind the header."""

    body: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> VcdFile:
        """Raises `FormatError` if it is no VCD file."""
        tokens = iter(read_bytes(path).decode("utf-8", "replace").split())
        variables = with_buses(_declared(tokens, path))
        return cls(path, variables, list(tokens))

    def steps(self, watched: Iterable[Variable]) -> Iterator[tuple[int, dict[str, str]]]:
        """See `WaveFile.steps`."""
        several = tuple(watched)
        widths = {part.code: part.width for one in several for part in one.parts}
        steps = _steps(iter(self.body), widths, self.path)
        return _joined(steps, [one for one in several if len(one.parts) > 1])


def _declared(tokens: Iterator[str], path: Path) -> Iterator[Variable]:
    """The variables that the header declares; `tokens` stands behind it then."""
    scopes: list[str] = []
    for keyword in tokens:
        body = list(iter(lambda: next(tokens, "$end"), "$end"))
        if keyword == "$scope" and len(body) == 2:
            scopes.append(body[1])
        elif keyword == "$upscope" and scopes:
            scopes.pop()
        elif keyword == "$var" and body[:1] and body[0] in _NO_BITS:
            continue
        elif keyword == "$var" and len(body) >= 4 and body[1].isdecimal():
            name = _RANGE.sub("", body[3]) if ":" in body[3] else body[3]
            is_bit = body[1] == "1" and _BIT.fullmatch("".join(body[4:]))
            name += "".join(body[4:]) * bool(is_bit)
            yield Variable(".".join((*scopes, name)), int(body[1]), body[2])
        elif keyword == "$enddefinitions":
            return
        elif not keyword.startswith("$"):
            break
    raise FormatError(f"{path} must be a VCD file, with $enddefinitions at the end of its header")


def _steps(
    tokens: Iterator[str], watched: dict[str, int], path: Path
) -> Iterator[tuple[int, dict[str, str]]]:
    """Time, and the last value of each watched variable that changes then."""
    time, changes = 0, dict[str, str]()
    for token in tokens:
        lead = token[0]
        if lead == "#":
            if not token[1:].isdecimal():
                raise FormatError(f"{path}: a time must be '#' and a number, not {token[:40]!r}")
            yield time, changes
            time, changes = int(token[1:]), {}
        elif lead in "bB":
            code = next(tokens, "")
            if code in watched:
                changes[code] = _filled(token[1:], watched[code], path)
        elif lead in "01xXzZuUwWlLhH-":
            if token[1:] in watched:
                changes[token[1:]] = _filled(lead, watched[token[1:]], path)
        elif lead in "rRsS":
            next(tokens, "")
    yield time, changes


def _joined(
    steps: Iterator[tuple[int, dict[str, str]]], buses: Sequence[Variable]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The steps, and in each the value of those buses of which a bit changes."""
    held = {part.code: "x" for one in buses for part in one.parts}
    for time, changes in steps:
        held |= {code: bit for code, bit in changes.items() if code in held}
        for one in buses:
            codes = [part.code for part in one.parts]
            if not changes.keys().isdisjoint(codes):
                changes[one.code] = "".join(held[code] for code in codes)
        yield time, changes


def _filled(digits: str, width: int, path: Path) -> str:
    """All bits of a value: leading digits that the file leaves out are 0, or x or z if the first one is."""
    digits = digits.lower().translate(LEVELS)
    if not digits or set(digits) - set("01xz") or len(digits) > width:
        raise FormatError(f"{path}: {digits[:40]!r} must be at most {width} digits 0, 1, x or z")
    return digits.rjust(width, "0" if digits[0] == "1" else digits[0])
