"""Text files in another encoding than ASCII, as tools of Windows write them."""

from __future__ import annotations

import codecs
import string

_MARKS = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
_PRINTED = frozenset(string.printable)


def without_mark(content: bytes) -> bytes:
    """Text with a byte order mark as plain UTF-8; octets that are no such text as they are.

    The ``>`` of PowerShell writes UTF-16, a spreadsheet's "CSV UTF-8" a mark before the first number.

    >>> without_mark("-3\\n".encode("utf-16")), without_mark(b"\\xef\\xbb\\xbf7")
    (b'-3\\n', b'7')
    >>> without_mark(b"\\xff\\xfe\\0\\x01")
    b'\\xff\\xfe\\x00\\x01'
    """
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    if encoding is None:
        return content
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return content
    is_text = encoding == "utf-8-sig" or _PRINTED.issuperset(text)
    return text.encode() if is_text else content
