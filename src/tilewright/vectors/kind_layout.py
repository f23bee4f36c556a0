"""The files of one kind: which axes run over files, over lines and over the lanes of a word.

The statement is one sentence, as in einops: every axis of the tiled tensor stands exactly once, in
the file name, among the line axes or among the lane axes of a word. So it can be read in both
directions, and `tilewright.vectors.codec` derives the encoder and the decoder from it. A `split`
makes other axes of the tensor's own ones first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from tilewright.errors import ConfigError
from tilewright.spec import AnyOutput
from tilewright.spec.channel_output import CODE_FUNCTIONS
from tilewright.vectors.containers import ARRAYS, CONTAINERS, IHEX, RADICES, RAW, check_array
from tilewright.vectors.keys import check_keys, check_list
from tilewright.vectors.kinds import (
    AXES,
    FILE_AXES,
    KIND_NAMES,
    STREAMED_AXES,
    tensor_of,
)
from tilewright.vectors.output_rules import MAX_FIELD_BITS, check_rules, output_of
from tilewright.vectors.planes import STATED_AXES, check_plane
from tilewright.vectors.split import AxisSplit
from tilewright.vectors.templates import axes_in, check_file_name, check_header_line

LINE_ENDS = {"LF": b"\n", "CRLF": b"\r\n"}
FIELD_NAMES = ("act", "weight", "psum")
MAX_HEADER = 10_000_000
MAX_FILLER = 65_536
MAX_PARTS = 99
SHORT = ("weight", "psum", "output")
"""Tensors whose last files may be shorter than the others."""
HEADER_FACTS = (
    *("lanes", "last_lane", "second_lane", "bits", "digits", "lines"),
    *("first_oc", "second_oc", "oh", "ow", *FILE_AXES),
)
"""What a header line can say in braces; `tilewright.vectors.codec` fills them in."""
_DEFAULTS: dict[str, Any] = {"radix": "binary", "container": "text", "function": "relu"}
_DEFAULTS |= {"shift": 0, "first": 0, "offset": 0, "separator": "", "bit_order": "msb"}
_DEFAULTS |= {"filler_left": 0, "filler_right": 0, "multiplier": 1, "rounding": "down"}
_DEFAULTS |= {"low": 0, "high": 0, "levels": 0, "biased": False, "tile": "", "part": 0, "array": ""}
_DEFAULTS |= {"short": False}
"""Keys that stand in a table only where they say something else."""


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
    "weight", "psum". plane: "padded", "unpadded", "windows" or "halo" for activations, else ""; tile:
    of the latter, ofmap rows and columns such as "2x3". header, trailer: lines before the first word
    and after the last one, templates over `HEADER_FACTS`; or how many, of any text. line_end: "LF" or
    "CRLF". split: axes made of others, one after the other.
    radix: "binary", "decimal", or "hex" with zeros on the left up to a whole digit. separator: text
    between the lanes. bit_order: "msb" or "lsb", the bit of a field that stands first. filler_left,
    filler_right: bits of a word beside the lanes, written as 0 and not looked at. container: what
    stands around the words. function, shift, multiplier, rounding, low, high: what an output is of its
    psum; biased: with the channel's bias, psums too. levels: thresholds of a channel. first: how many ofmap
    pixels the file has, 0 for all. offset: added to each address. part: where
    kinds share a file, which of them stands first, from 1 on; 0 for a file of its own. array: of a file of
    arrays, the name of the one that is meant, and ``[n]`` for a sample, an element of its first axis. short:
    a file ends with its last number, without the words of zeros that fill a tile or a split up. Raises
    `ConfigError` if the statement is not valid or cannot be read back.
    """

    kind: str
    file: str
    lines: tuple[AxisRun, ...]
    word: tuple[AxisRun, ...]
    bits: int | str
    plane: str = ""
    header: tuple[str, ...] | int = ()
    trailer: tuple[str, ...] | int = ()
    line_end: str = "LF"
    split: tuple[AxisSplit, ...] = ()
    radix: str = "binary"
    container: str = "text"
    function: str = "relu"
    shift: int = 0
    first: int = 0
    offset: int = 0
    separator: str = ""
    bit_order: str = "msb"
    filler_left: int = 0
    filler_right: int = 0
    multiplier: int = 1
    rounding: str = "down"
    low: int = 0
    high: int = 0
    levels: int = 0
    biased: bool = False
    tile: str = ""
    part: int = 0
    array: str = ""
    short: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KIND_NAMES:
            raise ConfigError(f"a kind of file is one of {', '.join(AXES)}, not '{self.kind}'")
        try:
            check_plane(self)
            check_file_name(self.file, (*FILE_AXES, *self._own_axes()))
            self._check_axes()
            self._check_field()
            self._check_frame()
            self._check_container()
            check_rules(self)
        except ConfigError as error:
            raise ConfigError(f"{self.kind}: {error}") from None

    @property
    def file_axes(self) -> tuple[str, ...]:
        """Axes in the file name, in their order there."""
        return axes_in(self.file)

    @property
    def tensor(self) -> str:
        """The tensor that the files state: "activation", of kind "activation_2" too."""
        return tensor_of(self.kind)

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of the tiles."""
        return STREAMED_AXES if self.is_streamed else AXES[self.tensor]

    @property
    def is_streamed(self) -> bool:
        """Whether tap psums are stated at every streamed pixel nij, not at ofmap pixels."""
        used = {*self.stated_axes, *(axis for split in self.split for axis in split.source)}
        return self.tensor == "tap_psum" and "nij" in used

    @property
    def header_text(self) -> tuple[str, ...]:
        """The header lines that are written: the stated ones, or ``#1#``, ``#2#``, ... for any text."""
        return _lines_of(self.header)

    @property
    def trailer_text(self) -> tuple[str, ...]:
        """The lines after the last word, as `header_text`."""
        return _lines_of(self.trailer)

    @property
    def header_count(self) -> int:
        """Lines before the first word."""
        return len(self.header_text)

    @property
    def plane_axes(self) -> tuple[str, ...]:
        """Axes of the tensor before the splits."""
        return STATED_AXES.get(self.plane, self.axes)

    @property
    def stated_axes(self) -> tuple[str, ...]:
        """Axes of files, lines and words, in their order there."""
        return (*self.file_axes, *(run.axis for run in (*self.lines, *self.word)))

    def is_complete(self) -> bool:
        """Whether the files have all ofmap pixels."""
        return self.first == 0

    @property
    def output(self) -> AnyOutput:
        """The function from psum to output; a leak by more than 31 equals one by 31 at 32 bits and less."""
        return output_of(self)

    @property
    def has_unsigned_codes(self) -> bool:
        """Whether the numbers are outputs without a sign: codes from `low` = 0 on."""
        return self.function in CODE_FUNCTIONS and self.low >= 0

    def to_facts(self) -> dict[str, Any]:
        """The statement as a table, as it stands in a layout file."""
        facts: dict[str, Any] = {"file": self.file, "bits": self.bits}
        facts["lines"] = " ".join(map(str, self.lines))
        facts["word"] = " ".join(map(str, self.word))
        if self.plane:
            facts["plane"] = self.plane
        for key in ("header", "trailer"):
            text = getattr(self, key)
            if text or key == "header":
                facts[key] = text if isinstance(text, int) else list(text)
        facts["line_end"] = self.line_end
        if self.split:
            facts["split"] = [str(split) for split in self.split]
        others = {key: getattr(self, key) for key in _DEFAULTS}
        return facts | {key: value for key, value in others.items() if value != _DEFAULTS[key]}

    @classmethod
    def from_facts(cls, kind: str, facts: object) -> Self:
        """Inverse of `to_facts`; raises `ConfigError`."""
        table = check_keys(
            facts,
            kind,
            required={"file": str, "lines": str, "word": str, "bits": (int, str)},
            examples=_examples(kind),
            optional={"plane": str, "line_end": str, "split": list}
            | dict.fromkeys(("header", "trailer"), (list, int))
            | {key: type(value) for key, value in _DEFAULTS.items()},
        )
        splits = check_list(table.get("split", []), f"{kind}: split", of=str)
        return cls(
            kind=kind,
            file=table["file"],
            lines=_parse_runs(table["lines"], f"{kind}: lines"),
            word=_parse_runs(table["word"], f"{kind}: word"),
            bits=table["bits"],
            plane=table.get("plane", ""),
            header=_parse_text(table.get("header", []), f"{kind}: header"),
            trailer=_parse_text(table.get("trailer", []), f"{kind}: trailer"),
            line_end=table.get("line_end", "LF"),
            split=_parse_splits(splits, kind),
            **{key: table.get(key, value) for key, value in _DEFAULTS.items()},
        )

    def _own_axes(self) -> tuple[str, ...]:
        """Axes that a file name can carry because of the splits, or of tiles with halo."""
        made = (name for split in self.split for name in split.names)
        return (*made, *(("th", "tw") if self.plane == "halo" else ()))

    def _check_axes(self) -> None:
        found, axes = self.stated_axes, self.plane_axes
        for split in self.split:
            axes = split.axes(axes)
        for axis in found:
            if axis not in axes:
                raise ConfigError(f"has the axes {', '.join(axes)}, but '{axis}' is stated")
        missing = [axis for axis in axes if axis not in found]
        for axis in (*missing, *found):
            if found.count(axis) != 1:
                times = "is missing" if axis in missing else f"stands {found.count(axis)} times"
                raise ConfigError(
                    f"axis '{axis}' must stand exactly once, in file, lines or word"
                    f"{self._outermost(missing)}, but {times}"
                )

    def _outermost(self, missing: list[str]) -> str:
        """What to write where all that is missing counts tiles, which may well be one."""
        if not missing or not set(missing) <= {"itile", "otile"}:
            return ""
        lines = " ".join((*missing, *map(str, self.lines)))
        return f' (an axis of one value too: write lines = "{lines}")'

    def _check_field(self) -> None:
        if isinstance(self.bits, str) and self.bits not in FIELD_NAMES:
            raise ConfigError(
                f"bits must be a number or {', '.join(FIELD_NAMES)}, not '{self.bits}'"
            )
        fewest = 2 if self.tensor == "output" else 1
        if isinstance(self.bits, int) and not fewest <= self.bits <= MAX_FIELD_BITS:
            raise ConfigError(f"bits must be {fewest}..{MAX_FIELD_BITS}, not {self.bits}")
        for key, valid in (("line_end", LINE_ENDS), ("radix", RADICES), ("container", CONTAINERS)):
            if getattr(self, key) not in valid:
                raise ConfigError(f"{key} must be {' or '.join(valid)}, not '{getattr(self, key)}'")

    def _check_frame(self) -> None:
        for key, text in (("header", self.header), ("trailer", self.trailer)):
            if isinstance(text, int) and not 0 <= text <= MAX_HEADER:
                raise ConfigError(f"{key} must be 0..{MAX_HEADER} lines, not {text}")
        for line in (*self.header_text, *self.trailer_text):
            check_header_line(line, dict.fromkeys((*HEADER_FACTS, *self.file_axes)))
        if self.bit_order not in ("msb", "lsb"):
            raise ConfigError(f"bit_order must be msb or lsb, not '{self.bit_order}'")
        if re.search(r"[0-9A-Za-z+-]|[^ -~\t]", self.separator) or len(self.separator) > 8:
            raise ConfigError(f"separator must be blanks or marks, no sign, not {self.separator!r}")
        if self.radix == "decimal" and self.word and not self.separator:
            raise ConfigError("decimal lanes need a separator, for example separator = ','")
        if not 0 <= min(self.filler_left, self.filler_right) <= MAX_FILLER:
            raise ConfigError(f"filler must be 0..{MAX_FILLER} bits")
        is_plain = self.separator == "" and self.radix != "decimal" and self.container not in ARRAYS
        if not is_plain and (self.filler_left or self.filler_right or self.bit_order == "lsb"):
            raise ConfigError("filler and bit_order are for words of digits without separator")

    def _check_container(self) -> None:
        if self.container != "text" and (self.separator or self.radix == "decimal"):
            raise ConfigError("separator and decimal numbers stand in text only")
        if self.container in (*RAW, *IHEX, *ARRAYS) and self.radix != "binary":
            raise ConfigError(f"container {self.container} states no radix: leave out radix")
        if self.trailer and self.container != "text":
            raise ConfigError(f"trailer lines stand in text only: {self.container} has its own")
        if self.header and self.container != "text":
            raise ConfigError(f"header lines stand in text only: {self.container} has its own")
        check_array(self.container, self.array, has_part=self.part > 0)
        if self.short and (self.part or self.first or self.tensor not in SHORT):
            raise ConfigError(
                f"short = true is for files of their own with {', '.join(SHORT)}, of all pixels: not for "
                f"{self.kind} with part = {self.part}, first = {self.first}"
            )
        if not 0 <= self.part <= MAX_PARTS:
            raise ConfigError(f"part must be 1..{MAX_PARTS}, or 0 for a file of its own")
        if self.container == "c" and self.radix != "hex":
            raise ConfigError("container c writes hexadecimal constants: say radix = 'hex'")


def _lines_of(text: tuple[str, ...] | int) -> tuple[str, ...]:
    """Stated lines; for a number, as many that say nothing."""
    if isinstance(text, int):
        return tuple(f"#{number}#" for number in range(1, text + 1))
    return text


def _parse_text(stated: list[Any] | int, where: str) -> tuple[str, ...] | int:
    return stated if isinstance(stated, int) else check_list(stated, where, of=str)


def _examples(kind: str) -> dict[str, str]:
    """What the required keys of a kind may be, as a layout's file writes them; none of an unknown kind."""
    name = kind.rstrip("0123456789").rstrip("_")
    if name not in AXES:
        return {}
    *axes, lane = AXES[name]
    width = {"activation": "act", "weight": "weight"}.get(name, "psum")
    found = {"file": f"{name}.txt", "lines": " ".join(axes), "word": f"-{lane}", "bits": width}
    return {key: f'{key} = "{value}"' for key, value in found.items()}


def _parse_runs(text: str, where: str) -> tuple[AxisRun, ...]:
    for token in text.split():
        if not re.fullmatch(r"-?[a-z]+", token):
            raise ConfigError(f"{where}: an axis is written 'row' or '-row', not '{token}'")
    return tuple(AxisRun(token.removeprefix("-"), token[0] == "-") for token in text.split())


def _parse_splits(texts: tuple[str, ...], kind: str) -> tuple[AxisSplit, ...]:
    try:
        return tuple(AxisSplit.parse(text) for text in texts)
    except ConfigError as error:
        raise ConfigError(f"{kind}: {error}") from None
