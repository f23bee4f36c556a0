"""Read what a core left: a folder or file in a layout, a list, a numpy file, a simulator's log, or waves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.judge.arrays import NUMPY, is_of_arrays, read_array
from tilewright.judge.dump import Dump
from tilewright.judge.in_layout import DUMP_KINDS, WordFiles, read_words, word_files
from tilewright.judge.listed import check_text, is_numbers, radix_of, read_list
from tilewright.judge.log import PATTERNS, read_log
from tilewright.judge.memory_dump import read_memory_dump
from tilewright.judge.table import table_pattern, without_index
from tilewright.judge.waves import read_waves
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle, Layout
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.memory_image import MemoryImage, read_memory_image
from tilewright.waves import Sampling, is_capture

RADIX_NOTE = "read as {radix} numbers in natural order (--radix, --order say otherwise)"


def read_dump(
    bundle: Bundle,
    path: Path,
    *,
    kind: str | None = None,
    layout: Layout | None = None,
    order: str | None = None,
    radix: str | None = None,
    pattern: str | None = None,
    array: str | None = None,
    sampling: Sampling | None = None,
    is_partial: bool = False,
    is_rest_expected: bool = False,
) -> Dump:
    """The numbers of one kind in `path`, of the layer of `bundle`.

    A folder has the file names of `layout` (default: the bundle's). A file is, by what is given, a log
    (`pattern`, see `read_log`), a wave file or a capture (`sampling`, see `read_waves`), a list (`order`
    or `radix`, see `read_list`), a file of arrays (numpy's, or an object of JSON; `array` names one of
    several, see `read_array`), or words as in the layout's file of that name, or of that kind; a plain list
    of decimal numbers in natural order is noticed. `kind`: a key of `DUMP_AXES`; else found out, of a folder
    the earliest stage. `is_partial`: what is missing is unknown. `is_rest_expected`: what a log does not
    name is as expected. Raises `FormatError` or `ArtifactError` that say what was expected and what was seen.
    """
    path = Path(path)
    if path.is_dir():
        return _of_kind(read_dumps(bundle, path, layout=layout, is_partial=is_partial), kind, path)
    if not path.is_file():
        raise ArtifactError(f"{path} must be a dump, a file or a folder: there is none")
    layout = layout or bundle.layout
    _check_waves(path, sampling)
    form, said = _files_of(bundle, layout, kind or "psum"), kind or "psum"
    if sampling is not None:
        return read_waves(
            bundle, path, form, kind=said, sampling=sampling, order=order, is_partial=is_partial
        )
    if pattern is not None:
        rest = is_rest_expected
        return read_log(
            bundle, path, form, kind=said, pattern=pattern, order=order, is_rest_expected=rest
        )
    if array is not None or _is_of_arrays(bundle, layout, path):
        return read_array(bundle, path, kind, order=order, name=array)
    if order is not None or radix is not None:
        if radix is None:
            content = without_mark(read_bytes(path))
            dump = read_memory_dump(bundle, path, content, said, order=order, is_partial=is_partial)
            if dump is not None:
                return dump
            text = content.decode("utf-8", "replace")
            dump = _read_table(bundle, path, text, kind, order=order)
            if dump is not None:
                return dump
            radix = radix_of(text, bundle.array.psum_bits)
        return read_list(bundle, path, said, order=order, radix=radix, is_partial=is_partial)
    return _read_file(bundle, path, layout, kind, is_partial=is_partial)


def _is_of_arrays(bundle: Bundle, layout: Layout, path: Path) -> bool:
    """Whether a file holds arrays that are not in the layout."""
    if _named_files(bundle, layout, path.name):
        return False
    if any(
        layout.kind(kind).container == "json" for kind in DUMP_KINDS if kind in layout.kind_names
    ):
        return path.suffix.lower() in NUMPY
    return is_of_arrays(path, read_bytes(path))


def _files_of(bundle: Bundle, layout: Layout, kind: str) -> WordFiles | None:
    return word_files(bundle, layout, kind) if kind in layout.kind_names else None


def _check_waves(path: Path, sampling: Sampling | None) -> None:
    """Raise `ConfigError` for a wave file of which nothing is said, or of a kind that nothing reads."""
    if sampling is None and is_capture(path):
        raise ConfigError(
            f"{path} is a capture: name --bus, and --when if only some of its rows count"
        )
    if sampling is None and path.suffix in (".vcd", ".fst", ".ghw"):
        raise ConfigError(
            f"{path} is a wave file: name --bus and --clock, and --when if it has one"
        )
    if path.suffix in (".fsdb", ".vpd"):
        raise ConfigError(
            f"{path} must be a VCD, FST or GHW file to be read: convert it, or dump one of these"
        )


def read_dumps(
    bundle: Bundle, path: Path, *, layout: Layout | None = None, is_partial: bool = False
) -> tuple[Dump, ...]:
    """Every kind of which the folder `path` has files of the layout, the earliest stage first.

    Raises `ArtifactError` if it has none, and what `read_dump` raises.
    """
    layout = layout or bundle.layout
    dumps, names = list[Dump](), list[str]()
    for kind in (kind for kind in DUMP_KINDS if kind in layout.kind_names):
        files = word_files(bundle, layout, kind)
        names.append(files.texts.names[0])
        there = {
            n: without_mark(read_bytes(path / n)) for n in files.texts.names if (path / n).is_file()
        }
        if there:
            dumps.append(read_words(bundle, files, there, is_partial=is_partial))
    if not dumps:
        raise ArtifactError(
            f"{path} must have a file of layout {layout.name} ({', '.join(names)}), but has "
            f"{_listed(path)}: give the file itself, or --layout"
        )
    return tuple(dumps)


def _listed(path: Path) -> str:
    names = sorted(entry.name for entry in path.iterdir())
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more if names else "none"


def _of_kind(dumps: tuple[Dump, ...], kind: str | None, path: Path) -> Dump:
    for dump in dumps:
        if kind in (None, dump.kind):
            return dump
    kinds = ", ".join(dump.kind for dump in dumps)
    raise ConfigError(f"{path} has no {kind} files; it has {kinds}")


def _named_files(bundle: Bundle, layout: Layout, name: str) -> WordFiles | None:
    """The kind that has a file of this name."""
    for kind in (kind for kind in DUMP_KINDS if kind in layout.kind_names):
        files = word_files(bundle, layout, kind)
        if name in files.texts.names:
            return files
    return None


def _read_file(
    bundle: Bundle, path: Path, layout: Layout, kind: str | None, *, is_partial: bool
) -> Dump:
    """A file whose name, else whose words, say its kind; else a list in natural order."""
    content = _without_index(without_mark(read_bytes(path)))
    named = _named_files(bundle, layout, path.name)
    if named and kind in (None, named.form.kind):
        is_part = is_partial or len(named.texts.names) > 1
        return read_words(bundle, named, {path.name: content}, is_partial=is_part)
    refusals, dumps = list[FormatError](), list[Dump]()
    image = read_memory_image(content, path)
    for name in (kind,) if kind else DUMP_KINDS:
        if name not in layout.kind_names:
            continue
        files = word_files(bundle, layout, name)
        if len(files.texts.names) == 1:
            try:
                dumps.append(_read_as(bundle, files, path, content, image, is_partial=is_partial))
            except FormatError as error:
                refusals.append(error)
    if dumps:
        return _likely(dumps)
    if image is not None:
        return read_list(bundle, path, kind or "psum", image=image, is_partial=is_partial)
    text = content.decode("utf-8", "replace")
    dump = read_memory_dump(
        bundle, path, content, kind or "psum", is_partial=is_partial
    ) or _read_table(bundle, path, text, kind)
    if dump is not None:
        return dump
    check_text(path, content)
    radix = radix_of(text, bundle.array.psum_bits)
    try:
        dump = read_list(bundle, path, kind or "psum", radix=radix, is_partial=is_partial)
    except FormatError as error:
        is_list = any(is_numbers(line, radix) for line in text.splitlines())
        raise (error if is_list or not refusals else _hinted(refusals[0], text)) from None
    said = RADIX_NOTE.format(radix="hexadecimal" if radix == "hex" else radix)
    return replace(dump, notes=(*dump.notes, *([] if radix == "decimal" else [said])))


def _without_index(content: bytes) -> bytes:
    is_frame = content[:2] in (b",0", b";0", b"\t0")
    return without_index(content.decode("utf-8", "replace")).encode() if is_frame else content


def _read_table(
    bundle: Bundle, path: Path, text: str, kind: str | None, *, order: str | None = None
) -> Dump | None:
    """The numbers of a table with titles (`table_pattern`); None if the file is none."""
    found = table_pattern(text)
    if found is None:
        return None
    pattern, title = found
    kind = kind or ("output" if title == "output" else "psum")
    dump = read_log(bundle, path, None, kind=kind, pattern=pattern, order=order)
    return replace(dump, notes=(*dump.notes, f"read as a table: its column {title!r}"))


def _hinted(error: FormatError, text: str) -> FormatError:
    """The refusal, with the pattern that fits the lines of a log."""
    lines = text.splitlines()
    for name in PATTERNS.names():
        fitting = sum(
            re.search(PATTERNS.get(name), line, re.IGNORECASE) is not None for line in lines
        )
        if 2 * fitting > len(lines):
            return FormatError(f"{error}; its lines are those of a log: say --pattern {name}")
    if any(re.fullmatch(r"# *[+-]?\d+\s*", line) for line in lines):
        pattern = r"^# *(?P<value>[+-]?\d+)\s*$"
        return FormatError(
            f"{error}; numbers stand behind #, as in a transcript: --pattern '{pattern}'"
        )
    return error


def _read_as(
    bundle: Bundle,
    files: WordFiles,
    path: Path,
    content: bytes,
    image: MemoryImage | None,
    *,
    is_partial: bool,
) -> Dump:
    """A file of any name as the only one of its kind; messages name the file that there is."""
    renamed = replace(files, texts=replace(files.texts, names=(path.name,)))
    images = {} if image is None else {path.name: image}
    return read_words(bundle, renamed, {path.name: content}, images=images, is_partial=is_partial)


def _likely(dumps: list[Dump]) -> Dump:
    """Of psums and outputs with one form of words: psums if a number is negative."""
    if len(dumps) == 1:
        return dumps[0]
    has_negative = bool((dumps[0].values < 0).any())
    chosen = dumps[0] if has_negative else dumps[-1]
    signs = "some" if has_negative else "no"
    note = f"read as {chosen.kind}, for {signs} number is negative (--kind says otherwise)"
    return replace(chosen, notes=(*chosen.notes, note))
