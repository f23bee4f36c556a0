"""Faults to plant in good files: what is changed, what lint must call it, what the reader then sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.lint.good_files import HEADER, text

Lines = list[str]
Seen = list[str]
Effect = Callable[[Seen, Seen], bool]
"""From the words that the reader sees in the good file and in the faulty one: is it as predicted?"""

ACT, WEIGHT, OUT = "activation_tile0.txt", "weight_itile0_otile0_kij4.txt", "out.txt"
SPACED = ["#time0 row7 [msb-lsb], row6#", "#time1 row7#", "#....#"]
LONG = ["#time0row7[msb-lsb],time0row6[msb-lsb],....,time0row0[msb-lsb]#", *HEADER[1:]]


@dataclass(frozen=True)
class Fault:
    """reader, file: where it is planted. edit: lines to lines, or None to delete the file.

    kind: of the finding that lint must make about that file. effect: what a simulator then shows.
    """

    name: str
    reader: str
    file: str
    edit: Callable[[Lines], Lines] | None
    kind: str
    effect: Effect
    rename: str = ""
    end: str = "\n"

    def plant(self, files: dict[str, bytes]) -> None:
        """Change `files`."""
        content = files.pop(self.file)
        if self.edit is not None:
            lines = self.edit(content.decode().splitlines())
            files[self.rename or self.file] = text(lines).replace(b"\n", self.end.encode())


def shifted(rows: int) -> Effect:
    """The first rows are missing, all others come early, the last one repeats."""
    return lambda good, bad: bad == good[rows:] + [good[-1]] * rows


def moved_back(rows: int) -> Effect:
    """The first reads fail and all rows come late."""
    return lambda good, bad: bad[rows:] == good[:-rows]


def never_read(good: Seen, bad: Seen) -> bool:
    """The variable keeps the one value that it had before, for the whole file."""
    return len(bad) == len(good) and len(set(bad)) == 1 and bad != good


def repeats(rows: int) -> Effect:
    """The last value is seen again, this many times."""
    return lambda good, bad: bad == good[:-rows] + [good[-rows - 1]] * rows


def keeps_from(row: int) -> Effect:
    """From this row on, the variable keeps the value of the row before."""
    return lambda good, bad: bad == good[:row] + [good[row - 1]] * (len(good) - row)


def differs(good: Seen, bad: Seen) -> bool:
    """Other values, as many as before."""
    return len(bad) == len(good) and bad != good


def same(good: Seen, bad: Seen) -> bool:
    """The same values: what is lost lies behind them."""
    return bad == good


def has_x(good: Seen, bad: Seen) -> bool:
    """Some digit is x or z, where none was."""
    return any(set(word) & set("xz") for word in bad) and bad != good


def prefix(count: int) -> Effect:
    """The first words of the good file are there, then old values."""
    return lambda good, bad: bad[:count] == good[:count] and bad != good


def _header(new: Lines) -> Callable[[Lines], Lines]:
    return lambda lines: [*new, *lines[3:]]


def _word(index: int, change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        at = index if index >= 0 else len(lines) + index
        return [change(line) if i == at else line for i, line in enumerate(lines)]

    return edit


def _words(change: Callable[[str], str], skip: int = 3) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:skip], *map(change, lines[skip:])]


def _unpad(lines: Lines) -> Lines:
    head, plane = lines[:-36], lines[-36:]
    return [*head, *(plane[6 * h + w] for h in range(1, 5) for w in range(1, 5))]


def _pad(lines: Lines) -> Lines:
    inner, zero = iter(lines[3:]), "0" * len(lines[3])
    inside = range(1, 5)
    plane = [
        next(inner) if h in inside and w in inside else zero for h in range(6) for w in range(6)
    ]
    return [*lines[:3], *plane]


def _nothing(_: Lines) -> Lines:
    return []


def _letters(_: str) -> str:
    return "abc"


def _hexadecimal(_: str) -> str:
    return "000000f1"


def _keep(lines: Lines) -> Lines:
    return lines


FAULTS = (
    # headers before a reader of tokens
    Fault("no header", "tokens", ACT, _header([]), "rows-eaten", shifted(3)),
    Fault("no header, weights", "tokens", WEIGHT, _header([]), "rows-eaten", differs),
    Fault("no header, outputs", "tokens", OUT, _header([]), "rows-eaten", shifted(3)),
    Fault("two header lines", "tokens", ACT, _header(HEADER[:2]), "rows-eaten", shifted(1)),
    Fault("one header line", "tokens", OUT, _header(HEADER[:1]), "rows-eaten", shifted(2)),
    Fault("four header lines", "tokens", ACT, _header([*HEADER, "#x#"]), "header-left", never_read),
    Fault("header with spaces", "tokens", ACT, _header(SPACED), "header-spaces", never_read),
    Fault("spaces, outputs", "tokens", OUT, _header(SPACED), "header-spaces", never_read),
    Fault("spaces, one tap", "tokens", WEIGHT, _header(SPACED), "headers-differ", never_read),
    # how many words
    Fault("16 for 36", "tokens", ACT, _unpad, "padding", differs),
    Fault("one row short", "tokens", OUT, lambda ls: ls[:-1], "too-few-words", repeats(1)),
    Fault("five rows short", "tokens", OUT, lambda ls: ls[:-5], "too-few-words", repeats(5)),
    Fault("one weight row", "tokens", WEIGHT, lambda ls: ls[:-1], "too-few-words", repeats(1)),
    Fault("two rows more", "tokens", ACT, lambda ls: [*ls, *ls[-2:]], "words-left", same),
    Fault("36 for 16", "tokens", OUT, _pad, "padding", differs),
    Fault("empty file", "tokens", WEIGHT, _nothing, "empty", never_read),
    Fault("header only", "tokens", OUT, lambda ls: ls[:3], "too-few-words", never_read),
    # words
    Fault("short words", "tokens", ACT, _words(lambda w: w[4:]), "short-word", differs),
    Fault("one short word", "tokens", OUT, _word(7, lambda w: w[:-1]), "short-word", differs),
    Fault("long words", "tokens", ACT, _words(lambda w: "1010" + w), "long-word", differs),
    Fault("one long word", "tokens", OUT, _word(9, lambda w: w + "1"), "long-word", differs),
    Fault("long weight", "tokens", WEIGHT, _word(3, lambda w: "1" + w), "truncated", same),
    Fault("spaced words", "tokens", OUT, _words(lambda w: f"{w[:16]} {w[16:]}"), "spaced-word", differs),
    Fault("x in a word", "tokens", OUT, _word(5, lambda w: "x" + w[1:]), "x-digits", has_x),
    Fault("z in a word", "tokens", ACT, _word(20, lambda w: w[:5] + "z" + w[6:]), "x-digits", has_x),
    Fault("letters", "tokens", ACT, _word(17, _letters), "bad-word", keeps_from(14)),
    Fault("digit 2", "tokens", OUT, _word(8, lambda w: "2" + w[1:]), "bad-word", keeps_from(5)),
    Fault("comma at the end", "tokens", OUT, _word(8, lambda w: w + ","), "bad-word", keeps_from(6)),
    # names
    Fault("missing weights", "tokens", WEIGHT, None, "missing", never_read),
    Fault("missing outputs", "tokens", OUT, None, "missing", never_read),
    Fault("letter case", "tokens", OUT, _keep, "letter-case", never_read, rename="Out.txt"),
    # a reader of lines
    Fault("long header", "lines", ACT, _header(LONG), "header-buffer", differs),
    Fault("30 and CRLF", "lines", OUT, _header(["#" * 29, *HEADER[1:]]), "header-buffer", never_read,
          end="\r\n"),
    Fault("no header, lines", "lines", ACT, _header([]), "rows-eaten", shifted(3)),
    Fault("no header, taps", "lines", WEIGHT, _header([]), "rows-eaten", differs),
    Fault("two headers, lines", "lines", OUT, _header(HEADER[:2]), "rows-eaten", differs),
    Fault("four headers, lines", "lines", OUT, _header([*HEADER, "#"]), "header-left", never_read),
    Fault("four headers, taps", "lines", WEIGHT, _header([*HEADER, "#"]), "header-left", moved_back(1)),
    Fault("16 for 36, lines", "lines", ACT, _unpad, "padding", differs),
    Fault("short, lines", "lines", OUT, lambda ls: ls[:-2], "too-few-words", repeats(2)),
    Fault("wide, lines", "lines", OUT, _word(4, lambda w: "11" + w), "truncated", same),
    # memories
    Fault("# header", "memories", "act.mem", lambda ls: ["#head", *ls[1:]], "bad-word", has_x),
    Fault("short memory", "memories", "act.mem", lambda ls: ls[:-3], "too-few-words", has_x),
    Fault("16 for 36, memory", "memories", "act.mem", _unpad, "padding", has_x),
    Fault("hex, short", "memories", "weight.mem", lambda ls: ls[:-1], "too-few-words", has_x),
    Fault("tile, short", "memories", "tile.mem", lambda ls: ls[:-1], "too-few-words", has_x),
    Fault("more words", "memories", "act.mem", lambda ls: [*ls, ls[-1]], "words-left", same),
    Fault("wide hex", "memories", "weight.mem", _word(2, lambda w: "f" + w), "truncated", same),
    Fault("narrow", "memories", "tile.mem", _word(3, lambda w: w[:-1]), "short-word", differs),
    Fault("spaced memory", "memories", "act.mem", _words(lambda w: f"{w[:6]} {w[6:]}", 1),
          "spaced-word", differs),
    Fault("hex in binary", "memories", "tile.mem", _word(4, _hexadecimal), "bad-word", has_x),
    Fault("missing memory", "memories", "act.mem", None, "missing", has_x),
    # a reader that looks at its results
    Fault("cut, checked", "checked", "psum.txt", lambda ls: ls[:-4], "too-few-words", prefix(12)),
    Fault("spaces, checked", "checked", "psum.txt", _header(SPACED), "header-spaces", prefix(0)),
    Fault("missing, checked", "checked", "activation.txt", None, "missing", prefix(0)),
)  # fmt: skip
