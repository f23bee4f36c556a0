"""Why a file of numbers is not understood: what stands around them, or how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
_TITLES = re.compile(r'\s*"?[A-Za-z_][^,;\t]*"?(?:[,;\t][^,;\t]*)*|[,;\t].*')
_PARTED = re.compile(r"[,;\t]")
_WORDED = re.compile(
    rf"(?=.*[a-z_]{{2}})[^\d\s+-][^,]*?[\s=:\]]\s*({_NUMBER}|0x[0-9a-f]+|[0-9]*'s?[bodh]\w+)\W*",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"'s?[bodh]\w|\b\d+#\w+#", re.IGNORECASE)
FILLED = 8
"""Lines of zeros from which on they may fill a memory up."""
LEAST = 2
"""Lines from which on a form is one."""
SHOWN = 40
ALONE = "must hold numbers alone"
_WRITE = "write them alone, one a line"
_WIDTHS = (8, 16, 24, 32)


def reason_of(name: str, content: bytes) -> str:
    """Why the text of a file is not understood; empty if nothing is to be said.

    >>> reason_of("y.csv", b"oc,psum\\n" + b"".join(b"%d,-7\\n" % n for n in range(9)))
    'y.csv must hold numbers alone, but is a table with titles (oc,psum): write them alone, one a line'
    """
    if b"\0" in content:
        return ""
    lines = [line.strip() for line in content.decode("latin-1").splitlines() if line.strip()]
    found = next((said for look in _LOOKS if (said := look(lines))), "") if lines else ""
    return f"{name} {found}" if found else ""


def unsigned_bits(numbers: Sequence[int]) -> int:
    """Of how many bits numbers seem to be that were written without their sign; 0 if they do not.

    None is negative, some are just below a power of 2, and few are between these and the small ones.

    >>> unsigned_bits([3, 65533, 7, 65527]), unsigned_bits([3, 100, 200, 255])
    (16, 0)
    """
    if not numbers or min(numbers) < 0:
        return 0
    bits = next((bits for bits in _WIDTHS if max(numbers) >> bits == 0), 0)
    limit = (1 << bits) // 4
    between = sum(limit <= number < 3 * limit for number in numbers)
    return bits if bits and max(numbers) >= 3 * limit and 10 * between < len(numbers) else 0


def _transcript(lines: Sequence[str]) -> str:
    told = all(line.startswith("#") for line in lines) and len(lines) >= LEAST
    return f"{ALONE}, but has # before every line, as a transcript: {_WRITE}" if told else ""


def _table(lines: Sequence[str]) -> str:
    cells = {len(_PARTED.findall(line)) for line in lines}
    if len(cells) != 1 or cells == {0} or not _TITLES.fullmatch(lines[0]):
        return ""
    rows = [_PARTED.split(line) for line in lines[1:]]
    is_frame = lines[0][0] in ",;\t" and [row[0].strip() for row in rows] == list(
        map(str, range(len(rows)))
    )
    if not (is_frame or _counts(rows)):
        return ""
    if lines[0][0] in ",;\t":
        return (
            f"{ALONE}, but is a data frame with its index: write it with header=False, index=False"
        )
    return f"{ALONE}, but is a table with titles ({lines[0][:SHOWN]}): {_WRITE}"


def _counted(lines: Sequence[str]) -> str:
    told = _counts([re.findall(r"[+-]?[0-9]+(?:\.[0-9]+)?", line) for line in lines])
    return (
        f"{ALONE}, but has their places before them ({lines[0][:SHOWN]}): {_WRITE}" if told else ""
    )


def _counts(rows: Sequence[Sequence[str]]) -> bool:
    """Whether what stands before the last number of each row counts up."""
    places = [tuple(cell.strip() for cell in row[:-1]) for row in rows]
    if len(rows) < 3 * LEAST or {len(place) for place in places} == {0}:
        return False
    if not all(place and all(map(str.isdecimal, place)) for place in places):
        places = [place[:1] for place in places]
    if not all(place and place[0].isdecimal() for place in places):
        return False
    numbers = [tuple(map(int, place)) for place in places]
    return all(a < b for a, b in pairwise(numbers))


def _items(lines: Sequence[str]) -> str:
    items = [line for line in lines if re.match(r"-\s+\S", line)]
    return f"{ALONE}, but is YAML: {_WRITE}" if 2 * len(items) > len(lines) else ""


def _literals(lines: Sequence[str]) -> str:
    found = [line for line in lines if _LITERAL.search(line)]
    return (
        f"must hold plain digits, but has literals ({found[0][:SHOWN]}): write them with %h or %d"
        if 2 * len(found) > len(lines)
        else ""
    )


def _quotes(lines: Sequence[str]) -> str:
    found = sum(bool(re.search(rf'"{_NUMBER}"', line)) for line in lines)
    return f"{ALONE}, but has quotes around them: {_WRITE}" if 2 * found > len(lines) else ""


def _commas(lines: Sequence[str]) -> str:
    cells = [cell.strip() for line in lines for cell in re.split(r"[;\t]", line) if cell.strip()]
    is_all = all(re.fullmatch(r"[+-]?[0-9]+(,[0-9]+)?", cell) for cell in cells)
    is_told = is_all and any("," in cell for cell in cells) and any(";" in line for line in lines)
    return f"{ALONE}, but has decimal commas: write integers" if is_told else ""


def _words(lines: Sequence[str]) -> str:
    found = [line for line in lines if _WORDED.fullmatch(line)]
    told = 2 * len(found) > len(lines) and len(found) >= LEAST
    return f"{ALONE}, but has text beside them ({found[0][:SHOWN]}): {_WRITE}" if told else ""


def _unknown(lines: Sequence[str]) -> str:
    found = next((line for line in lines[1:] if re.search(r"(?<![0-9a-wy])[xz]+\b", line)), "")
    return f"must hold known numbers, but has x or z ({found[:SHOWN]})" if found else ""


def _unsigned(lines: Sequence[str]) -> str:
    tokens = [token for line in lines for token in re.split(r"[\s,;]+", line) if token]
    if not all(map(str.isdecimal, tokens)):
        return ""
    bits = unsigned_bits([int(token) for token in tokens])
    return (
        f"must have signs before numbers below 0, but seems to hold two's complement of {bits} bits without: "
        "write them with $signed, or as hexadecimal digits"
        if bits
        else ""
    )


def _filled(lines: Sequence[str]) -> str:
    used = max((n for n, line in enumerate(lines, 1) if set(line) - set("0 ,;_x\t.")), default=0)
    rest = len(lines) - used
    return (
        f"ends with {rest} lines of zeros, of which some may only fill a memory up: leave those out"
        if used and rest >= FILLED
        else ""
    )


_LOOKS: tuple[Callable[[Sequence[str]], str], ...] = (
    _transcript, _table, _items, _literals, _quotes, _commas, _unsigned, _counted, _words, _unknown, _filled,
)  # fmt: skip
