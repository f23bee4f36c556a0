"""One file of words, understood by itself: what stands before the words, how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tilewright.vectors.encoding import without_mark
from tilewright.vectors.tokens import whole_floats, without_brackets, without_places

OCTETS = ("raw", "ihex")
"""Containers whose words are octets, as long as nobody says otherwise."""
RADICES = ("binary", "hex", "decimal")
Form = tuple[str, tuple[int, int], str]
_SHAPES = {
    "binary": re.compile(r"[01]+", re.ASCII),
    "hex": re.compile(r"[0-9a-fA-F]+", re.ASCII),
    "decimal": re.compile(r"[+-]?[0-9]{1,15}", re.ASCII),
}
_COMMENT = re.compile(r"[ \t]*(//|#).*")
_PREFIX = re.compile(r"\b0[xX](?=[0-9a-fA-F])")
_MARK = re.compile(r"//|#|0[xX]")
_NUMBER = re.compile(r"[0-9a-fA-F]+|[+-]?[0-9]{1,15}", re.ASCII)
_GROUPED = re.compile("(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])")
"""What only groups the digits of a number, or parts numbers."""
_PARTED = re.compile(r"[\s,;|]+")
_BETWEEN = re.compile(r"[ \t]*[,;|_][ \t]*|[ \t]+")


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The words of a file, and what stands around them.

    name: below the folder, parted by ``/``. header, trailer: lines before and after the words. words:
    the texts of the lanes of each line, one where nothing parts them. separator: what parts them.
    radices: in which the words can be read. line_end: "LF" or "CRLF". lines: of the file. starts: the
    line of each word, from 0. is_part: some of the words are taken for other text. container: of a layout,
    "" for text. listed: the same file as a list of single numbers, however many stand on a line, or a memory
    with the zeros that fill it up; None if that is nothing else. part: of a file with several kinds, from 1
    on. array: of a file of arrays, the name of this one; rows: the size of its first axis.
    """

    name: str
    header: tuple[str, ...]
    trailer: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    separator: str
    radices: tuple[str, ...]
    line_end: str
    lines: int
    starts: tuple[int, ...]
    listed: ParsedFile | None = None
    is_part: bool = False
    container: str = ""
    part: int = 0
    array: str = ""
    rows: int = 0

    @property
    def hint(self) -> str:
        """What says by its name what the numbers are: of several arrays in a file, that of the array."""
        return self.array if self.array and self.part else self.name

    def in_words(self, octets: int, container: str) -> ParsedFile | None:
        """The octets of the file in words of so many; None if they do not fill them."""
        flat = [word[0] for word in self.words]
        if self.container not in OCTETS or len(flat) % octets:
            return None
        step = -1 if container.endswith("-little") else 1
        words = (flat[at : at + octets][::step] for at in range(0, len(flat), octets))
        return replace(self, words=tuple(("".join(word),) for word in words), container=container)

    def with_header(self, count: int) -> ParsedFile:
        """The file with `count` lines before its words, some of which look like words."""
        more = count - len(self.header)
        plain = self.starts == tuple(range(len(self.header), len(self.header) + len(self.words)))
        if self.container or not plain or not 0 < more < len(self.words):
            return self
        texts = tuple(self.separator.join(word) for word in self.words[:more])
        return replace(
            self,
            header=self.header + texts,
            words=self.words[more:],
            starts=self.starts[more:],
            listed=None,
        )

    @property
    def shape(self) -> tuple[int, int, int, int, str]:
        """What files of one kind have in common: lines, lanes, digits, header lines, separator."""
        digits = {len(lane) for word in self.words for lane in word}
        width = digits.pop() if len(digits) == 1 else 0  # 0: decimal numbers of any length
        return len(self.words), len(self.words[0]), width, len(self.header), self.separator


def parse_text(name: str, content: bytes) -> ParsedFile | None:
    """The words of a file of text; None if it holds no lines of numbers."""
    content = without_mark(content)
    if b"\0" in content:
        return None
    lines, own = _lines(_plain(content)), _lines(content)
    bare = [bare_line(line.strip(" \t")) for line in lines]
    lines = own if len(own) == len(lines) else lines
    line_end = "CRLF" if content.count(b"\r\n") == content.count(b"\n") > 0 else "LF"
    plain = [_GROUPED.sub("", line) for line in bare]
    run, listed = _longest_run(bare), _listed(name, lines, plain, line_end)
    if run is None:
        return listed
    first, last, separator = run
    starts = tuple(at for at in range(first, last) if bare[at])
    words = tuple(tuple(_lanes(bare[at], separator)) for at in starts)
    if not separator and listed is not None and len(listed.words) <= len(words):
        listed = None
    return ParsedFile(
        name=name,
        header=tuple(lines[:first]),
        trailer=tuple(lines[last:]),
        words=words,
        separator=separator,
        radices=_radices(words),
        line_end=line_end,
        lines=len(lines),
        starts=starts,
        listed=listed,
    )


def _lines(content: bytes) -> list[str]:
    """The lines of a file as they stand, without blank ones at its end."""
    lines = content.decode("latin-1").replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip(" \t"):
        lines.pop()
    return lines


def _plain(content: bytes) -> bytes:
    """A list as Python and numpy print it, or a memory file, without brackets or addresses."""
    bare = without_brackets(content)
    return whole_floats(bare if bare != content else without_places(content))


def parsed_words(
    bare: list[str], separator: str
) -> tuple[tuple[tuple[str, ...], ...], str, tuple[str, ...]]:
    """Words of bare lines, with their separator and the radices in which all of them can be read."""
    words = tuple(tuple(_lanes(line, separator)) for line in bare)
    return words, separator, _radices(words)


def bare_line(line: str) -> str:
    """A line without a comment, ``0x`` and what parts its last number from nothing."""
    text = _PREFIX.sub("", _COMMENT.sub("", line)) if _MARK.search(line) else line
    return text.rstrip(" \t,;")


def _listed(name: str, lines: list[str], bare: list[str], line_end: str) -> ParsedFile | None:
    """All numbers from the first line of numbers to the last one, if nothing else is between."""
    is_list = [bool(line) and all(map(_NUMBER.fullmatch, _tokens(line))) for line in bare]
    if True not in is_list:
        return None
    is_list = _without_titles(bare, is_list)
    first, last = is_list.index(True), len(bare) - is_list[::-1].index(True)
    if any(
        line and not fits for line, fits in zip(bare[first:last], is_list[first:last], strict=True)
    ):
        return None
    placed = [(at, token) for at in range(first, last) for token in _tokens(bare[at])]
    tokens = [token for _, token in placed]
    if not all(map(_SHAPES["decimal"].fullmatch, tokens)) or any("0x" in x.lower() for x in lines):
        width = max(map(len, tokens))
        tokens = [token.rjust(width, "0") for token in tokens]
    words = tuple((token,) for token in tokens)
    radices = _radices(words)
    if not radices:
        return None
    starts = tuple(at for at, _ in placed)
    around = tuple(lines[:first]), tuple(lines[last:])
    return ParsedFile(name, *around, words, "", radices, line_end, len(lines), starts)


def _without_titles(bare: list[str], is_list: list[bool]) -> list[bool]:
    """Lines of numbers, without titles of columns before them that could be hexadecimal: ``c0,c1``."""
    is_decimal = [
        bool(line) and all(map(_SHAPES["decimal"].fullmatch, _tokens(line))) for line in bare
    ]
    at = is_list.index(True)
    rest = [line for line, is_it in zip(bare[at + 1 :], is_list[at + 1 :], strict=True) if is_it]
    widths = {len(token) for line in rest for token in _tokens(line)}
    first = {len(token) for token in _tokens(bare[at])}
    if (
        is_decimal[at]
        or len(widths | first) < 2
        or not all(is_decimal[n] for n in range(at + 1, len(bare)) if is_list[n])
    ):
        return is_list
    return [is_it and n != at for n, is_it in enumerate(is_list)]


def _tokens(line: str) -> list[str]:
    return [token for token in _PARTED.split(line) if token]


def _radices(words: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Radices in which all lanes can be read; digits of a fixed width are binary or hexadecimal."""
    lanes = [lane for word in words for lane in word]
    has_width = len({len(lane) for lane in lanes}) == 1
    return tuple(
        radix
        for radix in RADICES
        if all(map(_SHAPES[radix].fullmatch, lanes)) and (has_width or radix == "decimal")
    )


def _longest_run(lines: list[str]) -> tuple[int, int, str] | None:
    """First line, line after the last, and separator of the longest run of lines of one form."""
    runs: dict[Form, tuple[int, int]] = {}  # first line, number of words
    found: list[
        tuple[int, bool, int, int, str]
    ] = []  # words, of fixed width, end, first, separator
    last = 0
    for at, line in enumerate([*lines, "."]):
        if not line:
            continue  # blank, or a comment: between words it is nothing
        forms = forms_of(line)
        for form, (start, count) in list(runs.items()):
            if form not in forms:
                found.append((count, form[0] == "digits", last + 1, start, form[2]))
                del runs[form]
        for form in forms:
            start, count = runs.get(form, (at, 0))
            runs[form] = (start, count + 1)
        last = at
    if not found:
        return None
    _, _, end, start, separator = max(found)
    return start, end, separator


def forms_of(line: str) -> tuple[Form, ...]:
    """How a line can be read: kind of digits, their number, and separator."""
    between = _BETWEEN.search(line)
    separator = re.sub(" {2,}", " ", between[0]) if between else ""  # padded to columns
    lanes = _lanes(line, separator)
    forms: list[Form] = []
    if all(map(_SHAPES["hex"].fullmatch, lanes)) and len(set(map(len, lanes))) == 1:
        forms.append(("digits", (len(lanes[0]), len(lanes)), separator))
    if all(map(_SHAPES["decimal"].fullmatch, lanes)):
        forms.append(("numbers", (0, len(lanes)), separator))
    return tuple(forms)


def _lanes(line: str, separator: str) -> list[str]:
    mark = separator.strip(" \t")
    if not separator:
        return [line]
    parts = line.split(mark) if mark else line.split()
    return [part.strip(" \t") for part in parts]
