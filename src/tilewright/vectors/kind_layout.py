"""The files of one kind: which axes run over files, over lines and over the lanes of a word.

The statement is one sentence, as in einops: every axis of the tiled tensor stands exactly once, in
the file name, among the line axes or among the lane axes of a word. So it can be read in both
directions, and `tilewright.vectors.codec` derives the encoder and the decoder from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import Any, Self

from tilewright.errors import ConfigError
from tilewright.vectors.keys import check_keys, check_list
from tilewright.vectors.kinds import AXES, FILE_AXES

LINE_ENDS = {"LF": b"\n", "CRLF": b"\r\n"}
PLANES = ("padded", "unpadded")
FIELD_NAMES = ("act", "weight", "psum")
MAX_FIELD_BITS = 64
HEADER_FACTS = (
    *("lanes", "last_lane", "second_lane", "bits", "digits", "lines"),
    *("first_oc", "second_oc", "oh", "ow", *FILE_AXES),
)
"""What a header line can say in braces; `tilewright.vectors.codec` fills them in."""


@dataclass(frozen=True, slots=True)
class AxisRun:
    """One axis and the direction in which it runs, written ``col`` or ``-col``."""

    axis: str
    is_descending: bool = False

    def __str__(self) -> str:
        return f"-{self.axis}" if self.is_descending else self.axis


@dataclass(frozen=True, slots=True)
class KindLayout:
    """The files of one kind.

    file: name, a template over ``{itile}``, ``{otile}``, ``{kij}``. lines, word: axes, outermost
    first; the first lane of a word is the leftmost. bits: width of a field, a number or "act",
    "weight", "psum". plane: "padded" or "unpadded" for activations, else "". header: lines before
    the first word, templates over `HEADER_FACTS`. line_end: "LF" or "CRLF". Raises `ConfigError` if
    the statement is not valid or cannot be read back.
    """

    kind: str
    file: str
    lines: tuple[AxisRun, ...]
    word: tuple[AxisRun, ...]
    bits: int | str
    plane: str = ""
    header: tuple[str, ...] = ()
    line_end: str = "LF"

    def __post_init__(self) -> None:
        if self.kind not in AXES:
            raise ConfigError(f"a kind of file is one of {', '.join(AXES)}, not '{self.kind}'")
        try:
            self._check_file()
            self._check_axes()
            self._check_values()
            for line in self.header:
                _check_header(line)
        except ConfigError as error:
            raise ConfigError(f"{self.kind}: {error}") from None

    @property
    def file_axes(self) -> tuple[str, ...]:
        """Axes in the file name, in their order there."""
        return _names_in(self.file)

    def to_facts(self) -> dict[str, Any]:
        """The statement as a table, as it stands in a layout file."""
        facts: dict[str, Any] = {"file": self.file, "bits": self.bits}
        facts["lines"] = " ".join(map(str, self.lines))
        facts["word"] = " ".join(map(str, self.word))
        if self.plane:
            facts["plane"] = self.plane
        return facts | {"header": list(self.header), "line_end": self.line_end}

    @classmethod
    def from_facts(cls, kind: str, facts: object) -> Self:
        """Inverse of `to_facts`; raises `ConfigError`."""
        table = check_keys(
            facts,
            kind,
            required={"file": str, "lines": str, "word": str, "bits": (int, str)},
            optional={"plane": str, "header": list, "line_end": str},
        )
        return cls(
            kind=kind,
            file=table["file"],
            lines=_parse_runs(table["lines"], f"{kind}: lines"),
            word=_parse_runs(table["word"], f"{kind}: word"),
            bits=table["bits"],
            plane=table.get("plane", ""),
            header=check_list(table.get("header", []), f"{kind}: header", of=str),
            line_end=table.get("line_end", "LF"),
        )

    def _check_file(self) -> None:
        if not re.fullmatch(r"\w([\w.-]|\{\w+\})*", re.sub(r"^\{\w+\}", "0", self.file), re.ASCII):
            raise ConfigError(
                f"file must be a plain name of letters, digits, '_', '-', '.' and axes in braces, "
                f"not '{self.file}'"
            )
        for name in self.file_axes:
            if name not in FILE_AXES:
                raise ConfigError(f"a file name can carry {', '.join(FILE_AXES)}, not '{name}'")
        if re.search(r"\}\d*\{", self.file):
            raise ConfigError(
                f"two numbers in '{self.file}' must be parted by a character, not a digit"
            )

    def _check_axes(self) -> None:
        found = [*self.file_axes, *(run.axis for run in (*self.lines, *self.word))]
        axes = AXES[self.kind]
        for axis in found:
            if axis not in axes:
                raise ConfigError(f"has the axes {', '.join(axes)}, but '{axis}' is stated")
        for axis in axes:
            if found.count(axis) != 1:
                times = "is missing" if axis not in found else f"stands {found.count(axis)} times"
                raise ConfigError(
                    f"axis '{axis}' must stand exactly once, in file, lines or word, but {times}"
                )

    def _check_values(self) -> None:
        if isinstance(self.bits, str) and self.bits not in FIELD_NAMES:
            raise ConfigError(
                f"bits must be a number or {', '.join(FIELD_NAMES)}, not '{self.bits}'"
            )
        fewest = 2 if self.kind == "output" else 1
        if isinstance(self.bits, int) and not fewest <= self.bits <= MAX_FIELD_BITS:
            raise ConfigError(f"bits must be {fewest}..{MAX_FIELD_BITS}, not {self.bits}")
        if self.line_end not in LINE_ENDS:
            raise ConfigError(f"line_end must be {' or '.join(LINE_ENDS)}, not '{self.line_end}'")
        planes = PLANES if self.kind == "activation" else ("",)
        if self.plane not in planes:
            wanted = (
                " or ".join(PLANES) if self.kind == "activation" else "absent (activations only)"
            )
            raise ConfigError(f"plane must be {wanted}, not '{self.plane}'")


def _parse_runs(text: str, where: str) -> tuple[AxisRun, ...]:
    for token in text.split():
        if not re.fullmatch(r"-?[a-z]+", token):
            raise ConfigError(f"{where}: an axis is written 'row' or '-row', not '{token}'")
    return tuple(AxisRun(token.removeprefix("-"), token[0] == "-") for token in text.split())


def _names_in(template: str) -> tuple[str, ...]:
    """Names in the braces of `template`; raises `ConfigError` if they are not plain names."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"'{template}' is not a template: {error}") from None
    if any(name is not None and (spec or conversion) for _, name, spec, conversion in parts):
        raise ConfigError(f"braces in '{template}' must hold a name only")
    return tuple(name for _, name, _, _ in parts if name is not None)


def _check_header(line: str) -> None:
    if not (line.isascii() and line.isprintable()):
        raise ConfigError(f"a header line must be printable ASCII, not {line!r}")
    for name in _names_in(line):
        if name not in HEADER_FACTS:
            raise ConfigError(
                f"a header line can state {', '.join(HEADER_FACTS)}, not '{name}'; "
                f"a brace itself is written twice"
            )
