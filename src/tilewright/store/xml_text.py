"""Text that an XML file can hold."""

from __future__ import annotations

import re


def legal(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot hold: control characters in a layer's name."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
