"""Read a dump whose words stand as a layout says: leniently, and with the place of every number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, counted
from tilewright.judge.dump import Dump, FoundNumbers, Known, dump_shape
from tilewright.judge.numerals import parse_number
from tilewright.spec import Ints
from tilewright.tile import tile_psums
from tilewright.vectors import Bundle, KindLayout, Layout, decode
from tilewright.vectors.arrangement import arrange
from tilewright.vectors.codec import text_set
from tilewright.vectors.memory_image import MemoryImage, read_memory_image
from tilewright.vectors.text import TextSet
from tilewright.vectors.tolerance import tolerated

DUMP_KINDS = ("tap_psum", "psum", "output")
"""Kinds of files that hold what a core computed, the earliest stage first."""

_LETTERS = {"binary": "[01xXzZ?]", "hex": "[0-9a-fA-FxXzZ?]"}
_NUMBERS = {**{radix: f"{letter}{{1,64}}" for radix, letter in _LETTERS.items()}}
_NUMBERS["decimal"] = "[+-]?[0-9]{1,18}|[xXzZ]+"
_COMMENT = re.compile(r"(//|#|@|--).*")
_PREFIX = re.compile("^(0x|0b|[0-9]+'s?[hb])", re.IGNORECASE)
_PLACE = re.compile(r"\s*@([0-9a-f]{1,15})\s+", re.IGNORECASE)
_OTHER_RADIX = {"binary": "hex", "hex": "binary"}
SHOWN = 40
MOST_BITS = 64


@dataclass(frozen=True, slots=True)
class WordFiles:
    """The files of one kind in a layout, and the numbers of a bundle's layer that each lane holds.

    grid: ``file line lane``, flat index into the tensor of the kind, or -1 where there is no channel.
    """

    layout: Layout
    form: KindLayout
    texts: TextSet
    grid: Ints
    bits: int

    def words(self, text: str, index: int) -> list[tuple[int, str]]:
        """Line number and text of each word of file `index`.

        Raises `FormatError` for a line among them that is none, and not of the layout's header or trailer.
        """
        form, found = self.texts[index], list[tuple[int, str]]()
        around = {line.strip() for line in (*form.header, *form.trailer)}
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() in around and len(found) in (0, form.lines):
                continue
            place = _PLACE.match(line)
            line = line[place.end() :] if place and int(place[1], 16) == len(found) else line
            bare, rest = line.replace("_", "").strip(), _COMMENT.sub("", line).strip()
            if not self.is_word(bare):
                bare = _PREFIX.sub("", rest.replace("_", "")).rstrip(" ,;")
            if self.is_word(bare):
                found.append((number, bare))
            elif found and rest:
                raise FormatError(
                    f"{form.name}: line {number} must be {self.described}, but is "
                    f"{counted(len(rest), 'character')} {_shown(rest)}"
                )
        return found

    def is_word(self, bare: str) -> bool:
        """Whether `bare`, without blanks at its ends, has the lanes or digits of a word, x and z too."""
        if self.texts.form.is_in_lanes:
            tokens, number = self.tokens(bare), re.compile(_NUMBERS[self.form.radix])
            return len(tokens) == self.grid.shape[2] and all(map(number.fullmatch, tokens))
        letters = f"{_LETTERS[self.form.radix]}{{{self.texts.form.digits}}}"
        return re.fullmatch(letters, bare) is not None

    def tokens(self, bare: str) -> list[str]:
        """The lanes of a word that the separator parts; blanks beside it, and how many, do not matter."""
        separator = self.form.separator.strip()
        return [token.strip() for token in bare.split(separator)] if separator else bare.split()

    @property
    def described(self) -> str:
        """The word in words."""
        kind, lanes, radix = self.form.kind, self.grid.shape[2], self.form.radix
        if self.texts.form.is_in_lanes:
            mark = self.form.separator
            between = f", {mark!r} between them" if lanes > 1 else ""
            return f"a word of {lanes} {radix} numbers ({kind}: {self.bits} bits each{between})"
        digits = self.texts.form.digits
        return f"a word of {digits} digits ({kind}: {counted(lanes, 'lane')} of {self.bits} bits, {radix})"


def word_files(bundle: Bundle, layout: Layout, kind: str) -> WordFiles:
    """The files of `kind`; raises `ConfigError` if the layout has none."""
    form, shape = layout.kind(kind), bundle.shape
    size = shape.oc * shape.onij
    planes = [1 + np.arange(size).reshape(shape.oc, shape.oh, shape.ow)]
    if kind == "tap_psum":
        planes = [planes[0] + kij * size for kij in range(shape.taps)]
    tiles = np.stack([tile_psums(plane, bundle.plan) for plane in planes])
    grid = arrange(form, tiles if kind == "tap_psum" else tiles[0], bundle.plan) - 1
    texts = text_set(form, bundle.plan, bundle.widths)
    return WordFiles(layout, form, texts, grid.astype(np.int64), bundle.widths.bits(form.bits))


def in_other_radix(bundle: Bundle, files: WordFiles) -> WordFiles | None:
    """The same words in hexadecimal digits instead of binary ones, or the other way round; or None."""
    form = files.form
    if form.radix not in _OTHER_RADIX or files.texts.form.is_in_lanes or form.container != "text":
        return None
    other = replace(form, radix=_OTHER_RADIX[form.radix])
    kinds = tuple(other if one.kind == form.kind else one for one in files.layout.kinds)
    return word_files(bundle, replace(files.layout, kinds=kinds), form.kind)


def read_words(
    bundle: Bundle,
    files: WordFiles,
    contents: Mapping[str, bytes],
    *,
    images: Mapping[str, MemoryImage] | None = None,
    is_partial: bool = False,
) -> Dump:
    """The numbers that `contents`, by the layout's file names, hold.

    Header lines, comments, letter case, ``_`` between digits and line ends do not matter; bits may be x or
    z. Memory files (`read_memory_image`) hold the words by address, in whatever layout. Files and words that
    are missing are refused unless `is_partial`. images: those of the contents that are memory files, where
    that is known already. Raises `FormatError` that says what was expected and what was seen.
    """
    images = _images_of(files, contents) if images is None else _in_words(files, images)
    notes = [f"{name} is {image}" for name, image in images.items()]
    if files.form.container not in ("text", "mem") and not images:
        return _read_strictly(bundle, files, contents)
    parts = []
    missing = [name for name in files.texts.names if name not in contents]
    if missing and not is_partial:
        raise FormatError(
            f"{files.form.kind}: {counted(len(files.texts.names), 'file')} are expected, but {missing[0]}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''} missing: say --partial if the "
            f"dump has only a part"
        )
    for index, name in enumerate(files.texts.names):
        if name in contents:
            part = _read_file(files, index, contents[name], images.get(name), is_partial=is_partial)
            parts.append(part)
            count, all_words = len(part.targets) // files.grid.shape[2], files.texts.lines_of(index)
            if count < all_words:
                notes.append(f"{name}: {count} of {counted(all_words, 'word')} are there")
    joined = FoundNumbers(
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.known for part in parts]),
        np.concatenate([part.where for part in parts]),
        tuple(files.texts.names),
    )
    return joined.to_dump(files.form.kind, dump_shape(bundle, files.form.kind), notes=tuple(notes))


def _images_of(files: WordFiles, contents: Mapping[str, bytes]) -> dict[str, MemoryImage]:
    """Those that are memory files of other tools, with as many words as the layout has."""
    images = ((name, read_memory_image(content, Path(name))) for name, content in contents.items())
    return _in_words(files, {name: image for name, image in images if image is not None})


def _in_words(files: WordFiles, images: Mapping[str, MemoryImage]) -> dict[str, MemoryImage]:
    bits, container = files.texts.form.word_bits, files.form.container
    return {
        name: image.as_words(files.texts.called(name).lines, bits, container=container)
        for name, image in images.items()
    }


def _read_file(
    files: WordFiles, index: int, content: bytes, image: MemoryImage | None, *, is_partial: bool
) -> FoundNumbers:
    lines, lanes = files.texts.lines_of(index), files.grid.shape[2]
    text = content.decode("ascii", "replace") if image is None else image.text(files.form.radix)
    words = files.words(text, index)
    if not words or len(words) > lines or (len(words) < lines and not is_partial):
        raise FormatError(_refusal(files, index, text, len(words)))
    values, known = split_words([word for _, word in words], files)
    where = np.empty((len(words), lanes, 3), np.int64)
    where[..., 0], where[..., 2] = index, np.arange(lanes)
    numbers = [number if image is None else image.lines[number - 1] for number, _ in words]
    where[..., 1] = np.array(numbers)[:, None]
    targets = files.grid[index, : len(words)].reshape(-1)
    return FoundNumbers(
        targets,
        values.reshape(-1),
        known.reshape(-1),
        where.reshape(-1, 3),
        tuple(files.texts.names),
    )


def split_words(words: list[str], files: WordFiles) -> tuple[Ints, Known]:
    """Values and known of the lanes of each word, ``word lane``; two's complement."""
    if files.texts.form.is_in_lanes:
        return _split_lanes(words, files)
    letters = np.frombuffer("".join(words).lower().encode(), np.uint8).reshape(len(words), -1)
    if files.form.radix == "hex":
        nibble = np.full(256, 16, np.uint8)
        nibble[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)
        digits = nibble[letters]
        bits = (digits[..., None] >> np.array([3, 2, 1, 0], np.uint8)) & 1
        bits = np.where(digits[..., None] == 16, np.uint8(2), bits).reshape(len(words), -1)
    else:
        bits = np.where(letters == ord("0"), 0, np.where(letters == ord("1"), 1, 2))
    return _word_bits(bits, files)


def _split_lanes(words: list[str], files: WordFiles) -> tuple[Ints, Known]:
    radix = files.form.radix
    found = [[parse_number(token, radix, files.bits) for token in files.tokens(w)] for w in words]
    known: Known = np.array([[value is not None for value in word] for word in found])
    return np.array([[value or 0 for value in word] for word in found], np.int64), known


def _word_bits(digits: npt.NDArray[Any], files: WordFiles) -> tuple[Ints, Known]:
    """As `split_bits`; what stands in the filler, and left of the word, is not looked at."""
    form, bits, lanes = files.form, files.bits, files.grid.shape[2]
    stop = digits.shape[1] - form.filler_right
    fields = digits[:, stop - lanes * bits : stop].reshape(len(digits), lanes, bits)
    if form.bit_order == "lsb":
        fields = fields[..., ::-1]
    return split_bits(fields, lanes, bits)


def split_bits(digits: npt.NDArray[Any], lanes: int, bits: int) -> tuple[Ints, Known]:
    """Values and known of the lanes of words ``word digit`` of 0, 1 and, for x and z, 2; two's complement."""
    fields = digits.reshape(len(digits), lanes, bits)
    known: Known = np.all(fields < 2, axis=2)
    if bits > MOST_BITS:
        above, sign = fields[..., :-MOST_BITS], fields[..., -MOST_BITS, None]
        if np.any((above != sign).any(axis=2) & known):
            raise FormatError(f"numbers must have at most {MOST_BITS} bits, but one has {bits}")
        fields, bits = fields[..., -MOST_BITS:], MOST_BITS
    places = np.int64(1) << np.arange(bits, dtype=np.int64)[::-1]
    places[0] = np.iinfo(np.int64).min if bits == MOST_BITS else -places[0]
    return np.where(known, (fields.astype(np.int64) * places).sum(axis=2), 0), known


def _refusal(files: WordFiles, index: int, text: str, count: int) -> str:
    name, count_wanted = files.texts.names[index], files.texts.lines_of(index)
    wanted = f"{name} must hold {counted(count_wanted, 'word')}, each {files.described}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return f"{wanted}, but is empty: did the simulation write it?"
    if not count:
        last = lines[-1]
        return (
            f"{wanted}, but none of its {len(lines)} lines is one; the last is {len(last)} characters "
            f"{_shown(last)}: another layer, geometry or layout? "
            f"(--layout, --order for a list, --pattern for a log)"
        )
    more = "another layer or geometry?" if count > count_wanted else "say --partial if meant"
    return f"{wanted}, but holds {count}: {more}"


def _read_strictly(bundle: Bundle, files: WordFiles, contents: Mapping[str, bytes]) -> Dump:
    """Containers of other tools: as `decode` reads them, whoever wrote them."""
    kind, form, texts = files.form.kind, files.form, files.texts
    plain = {n: tolerated(form, content, texts.called(n)) for n, content in contents.items()}
    tiles = decode(
        files.layout,
        kind,
        {name: content for name, (content, _) in plain.items()},
        plan=bundle.plan,
        widths=bundle.widths,
    )
    notes = tuple(f"{name}: {note}" for name, (_, said) in plain.items() for note in said)
    values = arrange(files.form, _whole(tiles, bundle), bundle.plan).reshape(-1).astype(np.int64)
    targets = files.grid.reshape(-1)
    where = np.full((len(targets), 3), -1, np.int64)
    where[:, 0] = np.repeat(
        np.arange(len(files.texts.names)), len(targets) // len(files.texts.names)
    )
    found = FoundNumbers(
        targets, values, np.ones(len(targets), bool), where, tuple(files.texts.names)
    )
    return found.to_dump(kind, dump_shape(bundle, kind), notes=notes)


def _whole(tiles: Ints, bundle: Bundle) -> Ints:
    """Tiles ``.. onij col`` with zeros for the pixels that the files leave out."""
    missing = bundle.shape.onij - tiles.shape[-2]
    edges = [(0, 0)] * (tiles.ndim - 2) + [(0, missing), (0, 0)]
    return np.pad(tiles, edges)


def _shown(line: str) -> str:
    return repr(line) if len(line) <= 2 * SHOWN else f"{line[:SHOWN]!r}...{line[-SHOWN:]!r}"
