"""Files that others wrote, as testbenches read them: what `$fscanf` does not mind, a decoder overlooks.

A bundle of our own is read strictly instead: every byte is under its hash.
"""

from __future__ import annotations

import re

from tilewright.vectors.kind_layout import LINE_ENDS, KindLayout

_BLANKS = re.compile(rb"[ \t]+(?=\n|\Z)")


def tolerated(form: KindLayout, content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The content as the layout has it, and what was overlooked; the header's text is left as it is.

    Overlooked are blanks at the ends of lines, blank lines at the end, a last line without line end,
    and the other kind of line ends.
    """
    if form.container != "text":
        return content, ()
    notes = []
    lines = content.replace(b"\r\n", b"\n")
    is_lf = form.line_end == "LF"
    if content.count(b"\r\n") != (0 if is_lf else content.count(b"\n")):
        notes.append(f"line ends are {'CRLF' if is_lf else 'LF'}, not {form.line_end}")
    *head, body = lines.split(b"\n", form.header_count)
    bare = _BLANKS.sub(b"", body)
    if bare != body:
        notes.append("blanks at the ends of lines are overlooked")
    text = bare.rstrip(b"\n")
    if text and bare == text:
        notes.append("the last line has no line end")
    if bare not in (text, text + b"\n"):
        notes.append("blank lines at the end are overlooked")
    whole = b"\n".join([*head, text + b"\n" if text else b""])
    return whole.replace(b"\n", LINE_ENDS[form.line_end]), tuple(notes)
