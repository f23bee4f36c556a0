"""Read what a core left: a folder or file in a layout, a list, a numpy file, a simulator's log, or waves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.judge.arrays import NUMPY, ArrayFile, read_array, read_array_file
from tilewright.judge.dump import Dump
from tilewright.judge.dump_text import plain_text
from tilewright.judge.foreign import foreign
from tilewright.judge.free_text import read_free_text
from tilewright.judge.in_layout import DUMP_KINDS, WordFiles, in_other_radix, read_words, word_files
from tilewright.judge.listed import read_list
from tilewright.judge.log import read_log
from tilewright.judge.memory_dump import holds_numbers, read_memory_dump
from tilewright.judge.table import read_table
from tilewright.judge.titled import without_expected
from tilewright.judge.waves import read_waves
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle, Layout
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.memory_image import MemoryImage, read_memory_image
from tilewright.waves import Sampling, is_capture

MOST_OCTETS = 1 << 12
"""Of a file, looked at for what it is."""


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
    arrays = _arrays(bundle, layout, path)
    if arrays is not None:
        return read_array(bundle, arrays, kind, order=order, name=array)
    if array is not None:
        raise FormatError(f"{path} must be .npz or JSON with a list called {array}, but is neither")
    if order is not None or radix is not None:
        content = read_bytes(path)
        image = read_memory_image(without_mark(content), path)
        if image is not None:
            return _of_image(bundle, path, image, said, order=order, is_partial=is_partial)
        return read_free_text(
            bundle, path, content, kind, order=order, radix=radix, is_partial=is_partial
        )
    return _read_file(bundle, path, layout, kind, is_partial=is_partial)


def _arrays(bundle: Bundle, layout: Layout, path: Path) -> ArrayFile | None:
    """The arrays of a file that is not one of the layout's."""
    if _named_files(bundle, layout, path.name):
        return None
    kinds = (layout.kind(kind) for kind in DUMP_KINDS if kind in layout.kind_names)
    if any(kind.container == "json" for kind in kinds) and path.suffix.lower() not in NUMPY:
        return None
    return read_array_file(path)


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
    if path.suffix.lower() not in NUMPY:
        with path.open("rb") as file:
            why = foreign(path, file.read(MOST_OCTETS))
        if why is not None:
            raise FormatError(why)


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
    raw = read_bytes(path)
    content = _in_lines(raw)
    named = _named_files(bundle, layout, path.name)
    if named and kind in (None, named.form.kind):
        _check_own(named, path, content)
        is_part = is_partial or len(named.texts.names) > 1
        return _in_either_radix(bundle, named, path, content, None, is_partial=is_part)
    if b"\0" not in content and read_table(content.decode()) is None:
        content = without_expected(path, content.decode())[0].encode()
    refusals, dumps = list[FormatError](), list[Dump]()
    image = read_memory_image(content, path)
    if image is not None and _is_list(bundle, layout, image, kind or "psum"):
        return _of_image(bundle, path, image, kind or "psum", is_partial=is_partial)
    for name in (kind,) if kind else DUMP_KINDS:
        if name not in layout.kind_names:
            continue
        files = word_files(bundle, layout, name)
        if len(files.texts.names) == 1:
            try:
                files = replace(files, texts=replace(files.texts, names=(path.name,)))
                dumps.append(
                    _in_either_radix(bundle, files, path, content, image, is_partial=is_partial)
                )
            except FormatError as error:
                refusals.append(error)
    if dumps:
        return _likely(dumps)
    if image is not None:
        return _of_image(bundle, path, image, kind or "psum", is_partial=is_partial)
    return read_free_text(bundle, path, raw, kind, is_partial=is_partial, refusals=tuple(refusals))


def _check_own(files: WordFiles, path: Path, content: bytes) -> None:
    """Raise `FormatError` for a file of the layout's name whose own title is one of expected numbers."""
    form = files.texts.called(path.name)
    own = {line.strip() for line in (*form.header, *form.trailer)}
    lines = content.decode("utf-8", "replace").splitlines()
    plain = (line for line in lines if line.strip() not in own)
    if b"\0" not in content:
        without_expected(path, "\n".join(plain))


def _is_list(bundle: Bundle, layout: Layout, image: MemoryImage, kind: str) -> bool:
    """Whether an image is the octets of all numbers, and not those of all words of the layout."""
    files = _files_of(bundle, layout, kind)
    form = None if files is None else files.texts.form
    octets = 0 if form is None else form.lines * -(-form.word_bits // 8)
    return holds_numbers(bundle, image, kind) and len(image.words) != octets


def _of_image(
    bundle: Bundle,
    path: Path,
    image: MemoryImage,
    kind: str,
    *,
    order: str | None = None,
    is_partial: bool = False,
) -> Dump:
    """The numbers of a memory file one after the other; of octets, in the order in which they fit."""
    dump = None
    if holds_numbers(bundle, image, kind, order):
        dump = read_memory_dump(bundle, path, b"", kind, order=order, image=image)
    return dump or read_list(bundle, path, kind, order=order, image=image, is_partial=is_partial)


def _in_lines(content: bytes) -> bytes:
    """Text as the words of a layout stand in it (`plain_text`); other octets as they are."""
    plain = without_mark(content)
    return plain if b"\0" in plain else plain_text(plain).encode()


def _in_either_radix(
    bundle: Bundle,
    files: WordFiles,
    path: Path,
    content: bytes,
    image: MemoryImage | None,
    *,
    is_partial: bool,
) -> Dump:
    """The words of a file, or those words in the other digits; the refusal is that of the layout's digits."""
    images, contents = {} if image is None else {path.name: image}, {path.name: content}
    try:
        return read_words(bundle, files, contents, images=images or None, is_partial=is_partial)
    except FormatError:
        other = in_other_radix(bundle, files) if image is None else None
        if other is None:
            raise
        other = replace(other, texts=replace(other.texts, names=files.texts.names))
        try:
            dump = read_words(bundle, other, contents, images={}, is_partial=is_partial)
        except FormatError:
            dump = None
        if dump is None:
            raise
        radix = "hexadecimal" if other.form.radix == "hex" else "binary"
        return replace(dump, notes=(*dump.notes, f"the words are {radix}, unlike the layout's"))


def _likely(dumps: list[Dump]) -> Dump:
    """Of psums and outputs with one form of words: psums if a number is negative."""
    if len(dumps) == 1:
        return dumps[0]
    has_negative = bool((dumps[0].values < 0).any())
    chosen = dumps[0] if has_negative else dumps[-1]
    signs = "some" if has_negative else "no"
    note = f"read as {chosen.kind}, for {signs} number is negative (--kind says otherwise)"
    return replace(chosen, notes=(*chosen.notes, note))
