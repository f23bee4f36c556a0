"""One file in the form that its reader needs, or a refusal: nothing is invented, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import counted
from tilewright.lint.counts import border
from tilewright.lint.file_text import FileText, Token, shown
from tilewright.lint.need import Need, RefusedError
from tilewright.verilog.events import BITS_PER_DIGIT

HEADER_WIDTH = 16
_DIGITS = {"b": b"01", "o": b"01234567", "h": b"0123456789abcdefABCDEF", "d": b"0123456789+-"}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file in its new form. done: what was changed. words: those that the reader must get, in order."""

    content: bytes
    done: tuple[str, ...]
    words: tuple[bytes, ...]


def rewrite(content: bytes, need: Need, *, is_memory: bool) -> Rewritten:
    """The new content and what was done to get it; raises `RefusedError`."""
    text = FileText(content, need.base)
    if text.binary_line:
        raise RefusedError("it is no ASCII text")
    if text.tokens and not text.words:
        raise RefusedError("no line of it holds words only")
    done: list[str] = []
    words = _sized(_bordered(_joined(text, need, done), need, done), need, done)
    header = _comments(text, done) if is_memory else _header(text, need, done)
    new = b"".join(line + b"\n" for line in [*header, *words])
    if b"\r" in content:
        done.append("line ends LF")
    elif not done and new != content:
        done.append("blank space dropped")
    return Rewritten(new, tuple(done), tuple(words))


def _header(text: FileText, need: Need, done: list[str]) -> list[bytes]:
    """The old header if it serves, else short lines of one token each."""
    count = need.tokens or need.lines
    rows = _header_rows(text)
    found = len(text.header) if need.tokens else len(rows)
    fits = not need.buffer or all(len(row) < need.buffer for row in rows)
    if found == count and fits and b"" not in rows:
        return rows
    if need.buffer == 1:
        raise RefusedError("its header is skipped byte by byte")
    done.append(f"{counted(len(rows), 'header line')} replaced by {count} of one token each")
    return [b"#" * min(HEADER_WIDTH, (need.buffer or HEADER_WIDTH + 1) - 1)] * count


def _comments(text: FileText, done: list[str]) -> list[bytes]:
    """Header lines that `$readmem` takes: comments."""
    rows = _header_rows(text)
    whole = b"\n".join(rows)
    is_comment = all(row.lstrip().startswith(b"//") for row in rows)
    is_block = whole.strip().startswith(b"/*") and whole.find(b"*/") == len(whole.rstrip()) - 2
    if not rows or is_comment or is_block:
        return rows
    done.append(f"{counted(len(rows), 'header line')} dropped")
    return []


def _header_rows(text: FileText) -> list[bytes]:
    """The lines up to the first word, without their ends."""
    if not text.header:
        return []
    rows = text.content.split(b"\n")[: text.header[-1].line]
    return [row.rstrip(b"\r") for row in rows]


def _joined(text: FileText, need: Need, done: list[str]) -> list[bytes]:
    """The words; those with spaces in them put together."""
    rows: dict[int, list[Token]] = {}
    for token in text.words:
        if not set(token.text) <= set(_DIGITS[need.base]):
            raise RefusedError(f"line {token.line}: {shown(token.text)} is no word")
        rows.setdefault(token.line, []).append(token)
    words: list[bytes] = []
    for tokens in rows.values():
        parts = [token.text for token in tokens]
        if len(parts) > 1 and need.digits and sum(map(len, parts)) == need.digits:
            _note(done, "spaces within words dropped")
            parts = [b"".join(parts)]
        words += parts
    return words


def _bordered(words: list[bytes], need: Need, done: list[str]) -> list[bytes]:
    """A border of zeros around a square plane added or taken off; any other count is refused."""
    wanted, count = need.words, len(words)
    if not wanted or wanted == count:
        return words
    edges = border(min(wanted, count), max(wanted, count))
    if edges is None:
        raise RefusedError(f"{wanted} words are read, but it has {count}: export it again")
    small, large = edges
    width = (large - small) // 2
    inside = range(width, width + small)
    is_inner = [h in inside and w in inside for h in range(large) for w in range(large)]
    if wanted > count:
        inner, zero = iter(words), b"0" * len(words[0])
        done.append(f"border of zeros added: {small}x{small} to {large}x{large}")
        return [next(inner) if is_in else zero for is_in in is_inner]
    if any(word.strip(b"0") for word, is_in in zip(words, is_inner, strict=True) if not is_in):
        raise RefusedError(f"the border of its {large}x{large} words is not zero: no padding")
    done.append(f"border of zeros dropped: {large}x{large} to {small}x{small}")
    return [word for word, is_in in zip(words, is_inner, strict=True) if is_in]


def _sized(words: list[bytes], need: Need, done: list[str]) -> list[bytes]:
    """Leading zeros added or dropped where that is lossless, whether words are signed or not."""
    lengths = sorted({len(word) for word in words})
    if not need.digits or lengths in ([], [need.digits]):
        return words
    if len(lengths) > 1:
        raise RefusedError(f"its words have {lengths[0]} to {lengths[-1]} digits: it is damaged")
    half = 1 << (BITS_PER_DIGIT[need.base] - 1)
    for word in words:
        kept, dropped = word[-need.digits :], word[: -need.digits]
        if int(kept[:1], 16) >= half or dropped.strip(b"0"):
            raise RefusedError(
                f"the word {shown(word)} has {len(word)} digits where {need.digits} are read: its "
                f"value would change if it is signed"
            )
    verb = "extended with zeros" if lengths[0] < need.digits else "cut by leading zeros"
    done.append(f"words {verb} to {need.digits} digits")
    return [word[-need.digits :].rjust(need.digits, b"0") for word in words]


def _note(done: list[str], what: str) -> None:
    if what not in done:
        done.append(what)
