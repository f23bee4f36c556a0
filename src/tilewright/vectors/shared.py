"""Several kinds of numbers one after the other in one file, in the order that `part` of their tables says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tilewright.tile import TilePlan
from tilewright.vectors.array_files import joined_arrays, part_of
from tilewright.vectors.codec import text_set
from tilewright.vectors.containers import ARRAYS, RAW
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import FieldWidths
from tilewright.vectors.layout import Layout


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a kind's part of a file stands: after `before` lines, or octets, and so many long.

    is_last: whether nothing stands behind it. has_blanks: whether blank lines may be among the lines.
    container, array: of a file of arrays, where names take the place of lines.
    """

    before: int
    size: int
    is_octets: bool
    is_last: bool
    has_blanks: bool
    container: str = ""
    array: str = ""

    def of(self, content: bytes, *, is_foreign: bool = False) -> bytes:
        """The part of the content of the file. is_foreign: blank lines are not counted."""
        if self.array:  # of a foreign file, the reader chooses
            return content if is_foreign else part_of(content, self.container, self.array)
        if self.is_octets:
            return content[self.before : None if self.is_last else self.before + self.size]
        lines = content.split(b"\n")
        if is_foreign and not self.has_blanks:
            lines = [line for line in lines if line.strip()] + [b""]
        if self.is_last:
            return b"\n".join(lines[self.before :])
        part = lines[self.before : self.before + self.size]
        whole = b"\n".join(part)
        return whole + b"\n" if len(lines) > self.before + self.size else whole


def cuts_of(layout: Layout, plan: TilePlan, widths: FieldWidths) -> dict[tuple[str, str], Cut]:
    """Where the parts of shared files stand, by kind and name; empty where no table has a `part`."""
    sharing = sorted((form for form in layout.kinds if form.part), key=lambda form: form.part)
    stands: dict[str, list[tuple[KindLayout, int]]] = {}
    for form in sharing:
        texts = text_set(form, plan, widths)
        for name in texts.names:
            stands.setdefault(name, []).append(
                (form, _size(form, texts.form.lines, texts.form.bits))
            )
    found = {}
    for name, parts in stands.items():
        before, has_blanks = 0, any(_has_blanks(form) for form, _ in parts)
        for at, (form, size) in enumerate(parts):
            is_last = at == len(parts) - 1
            is_octets = form.container in RAW
            named = (form.container, form.array) if form.container in ARRAYS else ("", "")
            found[form.kind, name] = Cut(before, size, is_octets, is_last, has_blanks, *named)
            before += size
    return found


def _size(form: KindLayout, lines: int, bits: int) -> int:
    """Lines of a part, header and trailer included; or octets."""
    if form.container in RAW:
        return lines * -(-bits // 8)
    return form.header_count + lines + len(form.trailer_text)


def _has_blanks(form: KindLayout) -> bool:
    text = (form.header, form.trailer)
    return any(isinstance(lines, int) and lines for lines in text) or any(
        not line.strip() for line in (*form.header_text, *form.trailer_text)
    )


def joined(
    contents: Mapping[tuple[str, str], bytes], kinds: Iterable[KindLayout]
) -> dict[str, bytes]:
    """The contents of files, by kind and name, with the parts of each file one after the other."""
    forms = {form.kind: form for form in kinds}
    found: dict[str, list[bytes]] = {}
    of_arrays: dict[str, str] = {}
    for (kind, name), content in sorted(contents.items(), key=lambda item: forms[item[0][0]].part):
        found.setdefault(name, []).append(content)
        if forms[kind].part and forms[kind].container in ARRAYS:
            of_arrays[name] = forms[kind].container
    return {
        name: joined_arrays(parts, of_arrays[name]) if name in of_arrays else b"".join(parts)
        for name, parts in found.items()
    }
