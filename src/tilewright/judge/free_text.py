"""A file of text of which nothing is said: a dump of a memory, a table, a list of numbers, or a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tilewright.errors import ConfigError, FormatError, counted, printable
from tilewright.judge.choose import choose
from tilewright.judge.columns import (
    Chosen,
    Column,
    Columns,
    of_one_run,
    read_columns,
    remedy_of_lanes,
    wanted_of,
)
from tilewright.judge.dump import Dump
from tilewright.judge.dump_text import plain_text, without_heads, without_thousands
from tilewright.judge.headed_rows import headed_rows
from tilewright.judge.listed import (
    check_text,
    check_whole,
    numbers_in_order,
    order_of_octave,
    read_list,
)
from tilewright.judge.log_lines import forms_of_lines, is_of_expected
from tilewright.judge.memory_dump import read_memory_dump
from tilewright.judge.numerals import RADICES, is_numbers, radix_of
from tilewright.judge.places import INDEX
from tilewright.judge.record_lines import records_of_lines
from tilewright.judge.table import read_table
from tilewright.judge.titled import list_called, without_expected
from tilewright.judge.too_many import why_more
from tilewright.vectors import Bundle
from tilewright.vectors.encoding import without_mark

RADIX_NOTE = "read as {radix} numbers in natural order (--radix, --order say otherwise)"
MOST_FORMS = 20
"""Forms of lines of a log that are looked at, the most frequent ones."""
SHOWN = 100


def read_free_text(
    bundle: Bundle,
    path: Path,
    content: bytes,
    kind: str | None,
    *,
    order: str | None = None,
    radix: str | None = None,
    is_partial: bool = False,
    refusals: tuple[FormatError, ...] = (),
) -> Dump:
    """The numbers of a file, which stand in `order` (`numbers_in_order`) where they have no place.

    radix: of the numbers, "decimal", "hex" or "binary"; None: found out, and a dump of a memory may be meant.
    refusals: why they are no words of the layout; the first is raised where nothing says more. Raises
    `FormatError`, and `ConfigError` for another radix.
    """
    said, own = kind or "psum", without_mark(content)
    if radix is None:
        dump = read_memory_dump(bundle, path, own, said, order=order, is_partial=is_partial)
        if dump is not None:
            return dump
    elif radix not in RADICES:
        raise ConfigError(f"a radix is {', '.join(RADICES)}, not '{radix}'")
    check_text(path, own)
    text, notes = without_thousands(plain_text(content))
    table = read_table(text)
    chosen = choose(table, bundle, kind, order) if table else ""
    if isinstance(chosen, Chosen):
        dump = _of_columns(
            bundle, path, chosen, kind, order=order, radix=radix, is_partial=is_partial
        )
        return replace(dump, notes=(*notes, *dump.notes))
    check_whole(path, without_heads(text).splitlines())
    if not table:
        text, more = without_expected(path, text)
        text, called = list_called(text, said, len(numbers_in_order(bundle, said, order)))
        notes = (*notes, *more, *called)
        headed = headed_rows(bundle, path, text, kind) if order is None else None
        if headed is not None:
            dump = _of_columns(
                bundle, path, headed, kind, order=None, radix=radix, is_partial=is_partial
            )
            return replace(dump, notes=(*notes, *dump.notes))
    try:
        dump = _of_list(bundle, path, text, kind, order=order, radix=radix, is_partial=is_partial)
    except FormatError as error:
        if chosen:
            raise FormatError(f"{path} is a table, but {chosen}: {_PATTERN}") from None
        found = _of_lines(bundle, path, text, kind, order=order, radix=radix, is_partial=is_partial)
        if not isinstance(found, Dump):
            raise _refusal(bundle, text, radix, [found, *map(str, refusals[:1])], error) from None
        dump = found
    return replace(dump, notes=(*notes, *dump.notes))


def _refusal(
    bundle: Bundle, text: str, radix: str | None, reasons: Sequence[str], error: FormatError
) -> FormatError:
    """What is said of a text that is no list: why it is no log, or no words of the layout."""
    listed = without_heads(text)
    known = radix or radix_of(listed, bundle.array.psum_bits)
    is_list = any(is_numbers(line, known) for line in listed.splitlines())
    told = [reason for reason in reasons if reason]
    return error if is_list or not told else FormatError(told[0])


def _of_list(
    bundle: Bundle,
    path: Path,
    text: str,
    kind: str | None,
    *,
    order: str | None,
    radix: str | None,
    is_partial: bool,
) -> Dump:
    listed = without_heads(text)
    known = radix or radix_of(listed, bundle.array.psum_bits)
    said, turned = kind or "psum", None
    if order is None:
        order = turned = order_of_octave(bundle, said, text)
    dump = read_list(
        bundle, path, said, order=order, radix=known, text=listed, is_partial=is_partial
    )
    if turned is not None:
        dump = replace(dump, notes=(*dump.notes, f"as Octave writes it, in the order {turned}"))
    if known == "decimal" or order is not None or radix is not None:
        return dump
    note = RADIX_NOTE.format(radix="hexadecimal" if known == "hex" else known)
    return replace(dump, notes=(*dump.notes, note))


def _of_columns(
    bundle: Bundle,
    path: Path,
    chosen: Chosen,
    kind: str | None,
    *,
    order: str | None,
    radix: str | None,
    is_partial: bool,
) -> Dump:
    kind = kind or ("output" if chosen.word == "output" else "psum")
    return read_columns(bundle, path, chosen, kind, order=order, radix=radix, is_partial=is_partial)


def _of_lines(
    bundle: Bundle,
    path: Path,
    text: str,
    kind: str | None,
    *,
    order: str | None,
    radix: str | None,
    is_partial: bool,
) -> Dump | str:
    """The numbers of the one form of lines that holds as many as are expected; or why there is none."""
    lines = sum(bool(line.strip()) for line in text.splitlines())
    fitting, others, reason = list[tuple[str, Chosen]](), list[tuple[str, Chosen]](), ""
    forms = forms_of_lines(text)[:MOST_FORMS]
    records = records_of_lines(forms)
    chosen = choose(records, bundle, kind, order) if records else ""
    if isinstance(chosen, Chosen):
        return _of_columns(
            bundle, path, chosen, kind, order=order, radix=radix, is_partial=is_partial
        )
    if sum(not _has_words(form) for form, _ in forms) > 1:
        forms = [one for one in forms if _has_words(one[0])]
    for form, columns in forms:
        chosen = choose(columns, bundle, kind, order)
        if isinstance(chosen, Chosen):
            chosen = of_one_run(bundle, chosen, kind or "psum", order)
            count = len(chosen.columns.rows) * len(chosen.values)
            wanted = wanted_of(bundle, chosen, kind or "psum", order)
            (fitting if count == wanted else others).append((form, chosen))
        elif 2 * len(columns.rows) > lines and not reason:
            reason = f"{path}: of its {len(columns.rows)} lines like {_shown(form)}, {chosen}: {_PATTERN}"
    fitting = fitting or _joined(others, bundle, kind, order)
    told = [one for one in fitting if not is_of_expected(one[0])] if len(fitting) > 1 else fitting
    if len(told) == 1 or (is_partial and not fitting and not reason and _is_first(others)):
        _, chosen = (told or others)[0]
        found = _of_columns(
            bundle, path, chosen, kind, order=order, radix=radix, is_partial=is_partial
        )
        rest = lines - len(set(chosen.columns.lines))
        more = f", the other {counted(rest, 'line')} overlooked" if rest > 0 else ""
        return replace(found, notes=tuple(note + more for note in found.notes))
    if len(told) > 1:
        names = " and ".join(_shown(form) for form, _ in told[:2])
        return f"{path}: lines like {names} have as many numbers as are expected: {_PATTERN}"
    if reason or not others:
        return reason
    form, chosen = others[0]
    count = len(chosen.columns.rows) * len(chosen.values)
    wanted = wanted_of(bundle, chosen, kind or "psum", order)
    cells = [row[at] for row in chosen.columns.rows for at in chosen.values]
    remedy = remedy_of_lanes(bundle, chosen, wanted) or why_more(cells, wanted)
    remedy = remedy or (_FEWER if count < wanted else _MORE)
    return (
        f"{path} must hold {counted(wanted, 'number')} ({kind or 'psum'}), but its lines like "
        f"{_shown(form)} hold {count}: {remedy}"
    )


def _has_words(form: str) -> bool:
    """Whether lines say more than numbers: those of lists in several blocks are no form of their own."""
    return re.search("[a-z]", form, re.IGNORECASE) is not None


def _is_first(others: list[tuple[str, Chosen]]) -> bool:
    """Whether the first form of lines is far more frequent than the next one, as of a line that is cut."""
    rows = [len(chosen.columns.rows) for _, chosen in others]
    return len(rows) == 1 or (len(rows) > 1 and rows[0] > 2 * rows[1])


def _joined(
    others: list[tuple[str, Chosen]], bundle: Bundle, kind: str | None, order: str | None
) -> list[tuple[str, Chosen]]:
    """Forms of lines with the same places, as one, if they fit together: those of right numbers and of wrong
    ones. Without places, or with an index, they have one word before their number."""
    alike: dict[tuple[str, ...], list[Chosen]] = {}
    for _, chosen in others:
        is_placed = bool(chosen.places) and INDEX not in chosen.places
        if (chosen.word or is_placed) and len(chosen.values) == 1 and not chosen.order:
            word = "" if is_placed else chosen.word
            alike.setdefault((word, *sorted(chosen.places)), []).append(chosen)
    found = list[tuple[str, Chosen]]()
    for (_, *axes), parts in alike.items():
        rows = sorted(
            (line, (*(row[part.places[axis]] for axis in axes), row[part.values[0]]))
            for part in parts
            for line, row in zip(part.columns.lines, part.columns.rows, strict=True)
        )
        words = list(dict.fromkeys(part.word for part in parts))
        columns = Columns(
            tuple(map(Column, (*axes, words[0]))),
            tuple(row for _, row in rows),
            tuple(line for line, _ in rows),
        )
        places = {axis: at for at, axis in enumerate(axes)}
        forms, told = counted(len(parts), "form"), " or ".join(map(repr, words))
        note = f"read as {counted(len(rows), 'line')} of {forms}: number behind {told}"
        one = Chosen(columns, (len(axes),), places, None, note)
        if len(rows) == wanted_of(bundle, one, kind or "psum", order):
            found.append((words[0], one))
    return found


_PATTERN = (
    "say with --pattern which number counts, and its place: an expression with the groups (?P<value>..), oc, "
    "oh, ow; or places, lanes, words (indices in brackets count the axes of an --order)"
)
_FEWER = (
    "--pattern places (or lanes, or an expression) with --rest-expected if they name differences only; "
    "--partial if the others are not there"
)
_MORE = "another layer, geometry or kind? (--pattern says which lines count)"


def _shown(form: str) -> str:
    return repr(printable(form, SHOWN))
