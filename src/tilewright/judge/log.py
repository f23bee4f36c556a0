"""Read a dump out of the text that a simulator printed, by a pattern with named groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tilewright.errors import ConfigError, FormatError, counted
from tilewright.judge.dump import Dump, FoundNumbers, dump_shape
from tilewright.judge.in_layout import WordFiles, split_words
from tilewright.judge.numerals import parse_number, radix_of
from tilewright.judge.places import Places
from tilewright.judge.words import STEMS
from tilewright.registry import Registry
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle
from tilewright.vectors.encoding import without_mark

PATTERNS: Registry[str] = Registry("pattern")
"""Patterns for usual messages, by name."""

_WANTED = rf"(?<![a-z])(?:{STEMS})"
"""What begins a word that the expected number follows."""
_FOUND = (
    rf"(?:(?!{_WANTED}).|{_WANTED}\D*\d)*?"
    r"(?<![a-z])(?:got|found|act(?:ual)?|observed|has|is|rtl|dut)(?:\W+(?:is|was|has|value|psum))*"
    r"[^\w-]+(?P<value>-?(?:\d*'s?[bodh]-?[0-9a-fxz?]\w*|[0-9xz]\w*|[a-f]+\d\w*|[a-f]{4,}\b))"
)
"""The number behind a word for what was found, never that behind one for what was expected."""
_PLACES = {
    "places": r"oc *[= ] *(?P<oc>\d+)\W+oh *[= ] *(?P<oh>\d+)\W+ow *[= ] *(?P<ow>\d+)",
    "lanes": r"(?:onij|pixel|out(?:put)?)\W*(?P<onij>\d+)\W+(?:col|lane|oc|channel)\W*(?P<oc>\d+)",
}
for _name, _pattern in _PLACES.items():
    PATTERNS.add(_name, _pattern + _FOUND)
PATTERNS.add("words", r"(?P<word>\b[01xXzZ_]{8,}\b)")

GROUPS = {"value", "hex", "bin", "word", "line", "kij", "itile"}
GROUPS |= {"oc", "oh", "ow", "otile", "col", "onij"}
"""What the named groups of a pattern can say."""


def read_log(
    bundle: Bundle,
    path: Path,
    files: WordFiles | None,
    *,
    kind: str,
    pattern: str,
    order: str | None = None,
    is_rest_expected: bool = False,
) -> Dump:
    """Numbers of `kind` in the lines of a log that match `pattern`, an expression or one of `PATTERNS`.

    Groups: value (decimal, or with 0x), hex or bin is the number, or word a whole word of the layout
    (`files`), with line its number from 0. oc or otile and col, oh and ow or onij, and kij, itile say its
    place; without any, numbers stand in `order` and words one after the other. Raises `ConfigError` for a
    pattern that cannot be used, `FormatError` for a log without a match or a place outside the layer.
    """
    expression = _compile(pattern)
    groups = set(expression.groupindex)
    if "word" in groups and files is None:
        raise ConfigError(f"a pattern with the group word needs a layout with {kind} files")
    text = without_mark(read_bytes(path)).decode("utf-8", "replace")
    if is_rest_expected:
        check_no_difference_is_left(path, text, pattern)
    matches = [
        (number, match)
        for number, line in enumerate(text.splitlines(), 1)
        for match in expression.finditer(line)
    ]
    if not matches:
        lines = [line for line in text.splitlines() if line.strip()]
        seen = (
            f"{counted(len(lines), 'line')}, the last {lines[-1][:80]!r}"
            if lines
            else "an empty file"
        )
        raise FormatError(f"{path} must have lines with {pattern!r}, but none is there: {seen}")
    targets, values, where = list[int](), list[int | None](), list[tuple[int, int, int]]()
    places = Places(bundle, kind, _axes(groups), order)
    if files is not None and "word" in groups:
        found = _words(path, matches, files)
    else:
        found = _numbers(path, matches, places, bundle.array.psum_bits)
    for target, value, at in found:
        targets.append(target)
        values.append(value)
        where.append(at)
    numbers = FoundNumbers.of(np.array(targets, np.int64), values, where, (path.name,))
    twice = len(targets) - len(set(targets))
    notes = (f"{counted(twice, 'number')} of a place named before: the last one counts",) * (
        twice > 0
    )
    return numbers.to_dump(
        kind, dump_shape(bundle, kind), notes=notes, is_rest_expected=is_rest_expected
    )


def check_no_difference_is_left(path: Path, text: str, pattern: str) -> None:
    """Raise `FormatError` for a line that names a place and an expected number, but is not understood.

    pattern: of the log; one that is not ours says itself which lines count.
    """
    if pattern not in _PLACES:
        return
    difference = re.compile(f"{_PLACES[pattern]}.*?{_WANTED}", re.IGNORECASE)
    expression = _compile(pattern)
    for number, line in enumerate(text.splitlines(), 1):
        if difference.search(line) and not expression.search(line):
            raise FormatError(
                f"{path}: line {number} names a difference that {pattern!r} does not read, and the rest is "
                f"taken as expected: give an expression with a group (?P<value>..): {line.strip()[:80]!r}"
            )


Match = tuple[int, "re.Match[str]"]
Found = Iterator[tuple[int, int | None, tuple[int, int, int]]]


def _numbers(path: Path, matches: list[Match], places: Places, bits: int) -> Found:
    key = next(key for key in ("value", "hex", "bin") if key in matches[0][1].re.groupindex)
    texts = [match[key] or "" for _, match in matches]
    radix = {"hex": "hex", "bin": "binary"}.get(key) or radix_of(
        "\n".join(text for text in texts if not text.lower().startswith("0x")), bits
    )
    for lane, ((number, match), text) in enumerate(zip(matches, texts, strict=True)):
        where = f"{path} line {number}"
        try:
            value = parse_number(text, "hex" if text.lower().startswith("0x") else radix, bits)
        except (ValueError, IndexError):
            raise FormatError(f"{where}: {text!r} must be a {radix} number") from None
        said = {axis: match[axis] for axis in places.axes}
        yield places.target(said, where), value, (0, number, lane)


def _words(path: Path, matches: list[Match], files: WordFiles) -> Found:
    grid: Ints = files.grid.reshape(-1, files.grid.shape[2])
    for at, (number, match) in enumerate(matches):
        word = match["word"].replace("_", "")
        line = int(match["line"]) if "line" in match.re.groupindex else at
        if not files.is_word(word) or not 0 <= line < len(grid):
            raise FormatError(
                f"{path} line {number}: word {line} must be one of {len(grid)}, each {files.described}, "
                f"but has {len(word)} characters"
            )
        values, known = split_words([word], files)
        for lane, target in enumerate(grid[line].tolist()):
            yield target, int(values[0, lane]) if known[0, lane] else None, (0, number, lane)


def _compile(pattern: str) -> re.Pattern[str]:
    text = PATTERNS.get(pattern) if pattern in PATTERNS else pattern
    try:
        expression = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ConfigError(
            f"a pattern must be a regular expression, but {pattern!r} is not: {error}"
        ) from None
    groups = set(expression.groupindex)
    if not groups & {"value", "hex", "bin", "word"} or not groups <= GROUPS:
        names, has = ", ".join(PATTERNS.names()), ", ".join(sorted(groups)) or "none"
        raise ConfigError(
            f"a pattern must have a group (?P<value>..), hex, bin or word, and for its place oc, oh, ow, "
            f"otile, col, onij, kij, itile or line, or be one of {names}; {pattern!r} has {has}"
        )
    return expression


def _axes(groups: set[str]) -> list[str]:
    """Axes of the place that the groups state, in the order of the kind; none for numbers in order."""
    stated = groups - {"value", "hex", "bin", "word", "line"}
    if not stated or "word" in groups:
        return []
    first = [axis for axis in ("itile", "kij") if axis in stated]
    channel = ["otile", "col"] if "col" in stated else ["oc"]
    return [*first, *channel, *(["onij"] if "onij" in stated else ["oh", "ow"])]
