"""The text of a dump without what its writer puts around every line; each line keeps its number."""

from __future__ import annotations

import re

from tilewright.vectors.encoding import without_mark

HEAD = re.compile(
    r"^\s*(?:\[[^\]\s]*:\d+\]\s*)?(?:(?:[a-z_][\w.*]*\s+)*[\"']?[a-z_][\w.]*[\"']?\s*(?:\[[^\]]*\]\s*)*|\$\d+\s*)"
    r"[:=]\s*(?:std::\w+ of length \d+(?:, capacity \d+)? = )?(?='?[\[{(]|(?:np\.)?[a-z]\w*\(\s*[\[(])",
    re.IGNORECASE | re.MULTILINE,
)
_MARKS = (
    (re.compile(r"\x1b\[[0-9;]*[A-Za-z]"), ""),  # colors of a terminal
    (re.compile(r"\b(?:LogicArray|BinaryValue)\('?([01xzXZ]+)'?(?:, Range\([^)]*\))?\)"), r"\1"),
    (re.compile(r'(^|[,;\t])="([^"\n]*)"', re.MULTILINE), r'\1"\2"'),  # text of Excel
    (re.compile(r"<V((?: '?[\w']+)+) ?>"), r"\1"),  # a vector of Bluespec
    (re.compile(r"\b(?:to_(?:un)?signed|conv_\w+)\((-?\d+), *\d+\)", re.IGNORECASE), r"\1"),  # VHDL
)
"""What marks numbers, and what is put in its place."""
_BASED = re.compile(r"(?<![\w#])(?P<base>2|8|10|16)#(?P<digits>[0-9a-fxz_]+)#(?!\w)", re.IGNORECASE)
"""A literal of VHDL with its base: ``16#FFFB#``."""
_BASES = {"2": ("b", 1), "8": ("o", 3), "16": ("h", 4)}
_AGGREGATE = re.compile(r"\(((?:\s*\d+\s*=>\s*[^,()\s]+\s*,?)+)\)")
"""An aggregate of VHDL: ``(0 => 5, 1 => -7)``."""
_REPEATS = re.compile(r"(?<!\d)(-?\d+) <repeats (\d+) times>")
MOST_REPEATS = 1 << 20
_SHAPE = re.compile(r"\s*\(\d+(?:,\s*\d+)*,?\)\s*")
_IN_PARENTHESES = re.compile(r"\([0-9]+\)")
_ITEM = re.compile(r"^\s*(?:-\s+)+(?=[^\s-]|-\d)", re.MULTILINE)
_KEY = re.compile(r"\s*(?:---|\.\.\.|#.*|[\"']?[A-Za-z_][\w.]*[\"']?\s*:(?:\s.*)?)")
_CELL = re.compile(r"\s*\"?[+-]?[0-9]+(?:,[0-9]+)?\"?\s*")
_ADDRESS = re.compile(r"\s*(?P<at>[0-9a-f]{1,8}):\s+(?P<rest>\S.*)", re.IGNORECASE)
_COLUMNS = re.compile(r"\s*Columns?\s+(\d+)(?:\s+(?:through|to|and)\s+(\d+))?\s*:?\s*")
_WHOLE = re.compile(r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"^(\s*)\[\s*(\d+)\](?=[ \t]+[^\s=:\[])")
_PARTED = re.compile(r"[\s,;|]+")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_SMALL = re.compile(r"[+-]?[0-9]{1,3}|[xz]+", re.IGNORECASE)
_NUMBERS_ALONE = re.compile(r"[\s,;0-9a-fxz_+.-]*[0-9xz][\s,;0-9a-fxz_+.-]*", re.IGNORECASE)


def plain_text(content: bytes) -> str:
    """The text of a dump: without the ``#`` before each line of a transcript, the dashes of YAML, addresses
    that count numbers, the index of a data frame; with a point for a decimal comma, and ASCII's minus.

    >>> plain_text(b"# vsim tb\\n# -5\\n# 7\\n")
    'vsim tb\\n-5\\n7'
    >>> plain_text(b"psum:\\n  - -5\\n  - 7\\n"), plain_text(b"-5,0;7,0\\n")
    ('psum:\\n-5\\n7', '-5.0;7.0')
    """
    text = without_mark(content).decode("utf-8", "replace").replace("\u2212", "-")
    for pattern, instead in _MARKS:
        text = pattern.sub(instead, text)
    text = _AGGREGATE.sub(_in_turn, _BASED.sub(_with_width, text))
    lines = _REPEATS.sub(_repeated, text).splitlines()
    if lines and re.fullmatch(r"sep=[,;\t]", lines[0]):
        lines[0] = ""
    for change in (
        _without_shape,
        _with_whole_rows,
        _without_hashes,
        _with_signs,
        _without_dashes,
        _without_addresses,
        _with_points,
        _without_index,
    ):
        lines = change(lines)
    return "\n".join(lines)


def without_thousands(text: str) -> tuple[str, tuple[str, ...]]:
    """Numbers without points that part thousands, and a note of that; below titles or none.

    All numbers with a point have three digits behind it, one of them ends in a 0, as no writer of fractions
    leaves one beside whole numbers, and the others have at most three digits.

    >>> without_thousands("77\\n-1.000\\n12.345.678")[0], without_thousands("77.000\\n-1.000\\n0.000")[0]
    ('77\\n-1000\\n12345678', '77.000\\n-1.000\\n0.000')
    """
    lines = text.splitlines()
    told = [at for at, line in enumerate(lines) if line.strip()]
    cells = [cell for at in told for cell in _PARTED.split(lines[at].strip())]
    if told and not _is_of_numbers(lines[told[0]]):
        cells = cells[len(_PARTED.split(lines[told[0]].strip())) :]
    bare = [cell.strip('"') for cell in cells if cell]
    grouped = [cell for cell in bare if _GROUPED.fullmatch(cell)]
    is_meant = any(cell[-1] == "0" or cell.count(".") > 1 for cell in grouped)
    rest = [cell for cell in bare if not _GROUPED.fullmatch(cell)]
    if not is_meant or not rest or not all(map(_SMALL.fullmatch, rest)):
        return text, ()
    plain = re.sub(
        rf"(?<![\w.+-]){_GROUPED.pattern}(?![\w.])", lambda one: one[0].replace(".", ""), text
    )
    return plain, (f"points part thousands: {grouped[0]} is read as {grouped[0].replace('.', '')}",)


def _is_of_numbers(line: str) -> bool:
    cells = (cell.strip('"') for cell in _PARTED.split(line.strip()) if cell)
    return all(_SMALL.fullmatch(cell) or _GROUPED.fullmatch(cell) for cell in cells)


def without_heads(text: str) -> str:
    """The text without a name before a list: ``psum = '{``, ``"psum": [``, ``int psum[2] = {``.

    >>> without_heads("int psum[2] = {1, 2};"), without_heads("psum: 5")
    ('{1, 2};', 'psum: 5')
    """
    return HEAD.sub("", text)


def _with_width(found: re.Match[str]) -> str:
    """A based literal of VHDL as one of Verilog, as wide as its digits."""
    if found["base"] == "10":
        return found["digits"]
    letter, bits = _BASES[found["base"]]
    return f"{bits * len(found['digits'].replace('_', ''))}'{letter}{found['digits']}"


def _in_turn(found: re.Match[str]) -> str:
    """The numbers of an aggregate whose indices count up from 0; another one as it is."""
    parts = [part.split("=>") for part in found[1].split(",") if part.strip()]
    is_counted = [int(index) for index, _ in parts] == list(range(len(parts)))
    return f"({','.join(number for _, number in parts)})" if is_counted else found[0]


def _repeated(found: re.Match[str]) -> str:
    """Numbers that gdb prints as ``0 <repeats 12 times>``, each of them."""
    return ", ".join([found[1]] * min(int(found[2]), MOST_REPEATS))


def _without_shape(lines: list[str]) -> list[str]:
    """Without the shape that a program printed before an array: ``(4, 2, 3)`` alone on the first line."""
    told = [at for at, line in enumerate(lines) if line.strip()][:2]
    if len(told) < 2 or not _SHAPE.fullmatch(lines[told[0]]) or lines[told[1]].lstrip()[:1] != "[":
        return lines
    return [*lines[: told[0]], "", *lines[told[0] + 1 :]]


def _with_whole_rows(lines: list[str]) -> list[str]:
    """Rows that MATLAB or Octave prints in blocks, ``Columns 1 through 8:``, each on its first line."""
    heads = [(at, found) for at, line in enumerate(lines) if (found := _COLUMNS.fullmatch(line))]
    whole, rows, seen = list(lines), list[int](), 0
    for at, head in heads:
        here, next_line = list[int](), at + 1
        while next_line < len(lines) and (
            not lines[next_line].strip() or _is_row(lines[next_line])
        ):
            here += [next_line] * bool(lines[next_line].strip())
            next_line += 1
        first, last = int(head[1]), int(head[2] or head[1])
        if first == 1:
            rows, seen = here, 0
        if first != seen + 1 or len(here) != len(rows):
            return lines
        whole[at], seen = "", last
        for row, line in zip(rows, here, strict=True):
            if row != line:
                whole[row], whole[line] = f"{whole[row]} {lines[line]}", ""
    return whole


def _is_row(line: str) -> bool:
    return all(map(_WHOLE.fullmatch, line.split()))


def _with_signs(lines: list[str]) -> list[str]:
    """A minus for the parentheses of bookkeepers, ``(77)``, where no number has a minus."""
    if not any(line.rstrip()[-1:] == ")" for line in lines):
        return lines
    cells = [cell.strip() for line in lines for cell in re.split("[,;\t]", line)]
    is_marked = any(map(_IN_PARENTHESES.fullmatch, cells)) and not any(
        one[:1] == "-" for one in cells
    )
    if not is_marked or not any(one.isdecimal() for one in cells):
        return lines
    return [
        re.sub(r"(^|[,;\t])(\s*)\(([0-9]+)\)(?=\s*(?:$|[,;\t]))", r"\1\2-\3", one) for one in lines
    ]


def _without_hashes(lines: list[str]) -> list[str]:
    """Lines of a transcript: each begins with ``#``, but for such as hold no numbers alone."""
    told = [line for line in lines if line.strip()]
    marked = sum(line.startswith("#") for line in told)
    is_alone = any(_NUMBERS_ALONE.fullmatch(line) for line in told if not line.startswith("#"))
    if 2 * marked <= len(told) or is_alone:
        return lines
    return [re.sub("^# ?", "", line) for line in lines]


def _without_dashes(lines: list[str]) -> list[str]:
    """Items of YAML, where every line is one, or has a key."""
    items = [line for line in lines if line.strip() and not _KEY.fullmatch(line)]
    if not items or not all(map(_ITEM.match, items)):
        return lines
    return [line if _KEY.fullmatch(line) else _ITEM.sub("", line) for line in lines]


def _without_addresses(lines: list[str]) -> list[str]:
    """Lines that begin with how many numbers stand before, as ModelSim writes memories: ``10: fe 17``; or
    in brackets, from 0 on or, as R prints a vector, from 1: ``[13] -2 17``.
    """
    first = _IN_BRACKETS.match(next((line for line in lines if line.strip()), ""))
    start = int(first[2]) if first and int(first[2]) < 2 else 0
    plain = [_IN_BRACKETS.sub(r"\1\2:", line) for line in lines] if first else lines
    for base in (10, 16):
        count, found = start, list[str]()
        for line in plain:
            place = _ADDRESS.fullmatch(line)
            if place is None and line.strip() and not line.lstrip().startswith("//"):
                break
            if place is not None:
                if (
                    not set(place["at"].lower()) <= set("0123456789abcdef"[:base])
                    or int(place["at"], base) != count
                ):
                    break
                count += len(place["rest"].split())
            found.append(line if place is None else place["rest"])
        else:
            return found if count > start else lines
    return lines


def _with_points(lines: list[str]) -> list[str]:
    """A point for the comma of decimal fractions that semicolons or tabs part, below titles or none."""
    rows = [line for line in lines if line.strip()]
    for mark in (";", "\t") if rows else ():
        cells = [[cell for cell in row.split(mark) if cell.strip()] for row in rows]
        is_row = [all(map(_CELL.fullmatch, row)) for row in cells]
        has_comma = any("," in cell for row in cells[not is_row[0] :] for cell in row)
        if has_comma and all(is_row[1:]) and all(mark in row for row in rows):
            return [re.sub(r"(?<=[0-9]),(?=[0-9])", ".", line) for line in lines]
    return lines


def _without_index(lines: list[str]) -> list[str]:
    """A data frame without the row and the column that count (``,0,1`` first, then ``0,`` ..)."""
    titles = re.fullmatch(r"([,;\t])0((\1[0-9]+)*)", lines[0].strip(" ")) if lines else None
    if titles is None:
        return lines
    separator, rows = titles[1], [line for line in lines[1:] if line.strip()]
    counts = [int(one) for one in lines[0].strip(" ").split(separator)[1:]]
    is_counted = all(row.startswith(f"{at}{separator}") for at, row in enumerate(rows))
    if counts != list(range(len(counts))) or not is_counted:
        return lines
    return ["", *(line.partition(separator)[2] for line in lines[1:])]
