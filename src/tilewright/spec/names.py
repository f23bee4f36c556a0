"""Names that come from outside, as those of layers do: which are taken, and what their files are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from tilewright.errors import FormatError

MAX_NAME = 200
"""Characters of a name."""

_PLAIN = re.compile(r"\w[\w.-]{0,79}", re.ASCII)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.", re.IGNORECASE)
"""What Windows does not take as a name."""


def check_name(name: object, what: str) -> str:
    """`name`, if it is a text that can be shown in a line.

    Raises `FormatError` that calls it `what` if it is empty, too long, or has control characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        shown = repr(name)[:60]
        raise FormatError(
            f"the name of {what} must be 1..{MAX_NAME} characters that can be printed, not {shown}"
        )
    return name


def file_names(names: Sequence[str], *, taken: Sequence[str] = ()) -> dict[str, str]:
    """For each of `names`, all of one network, the name of a file or folder that is its alone.

    taken: names of files that others have in the same folder.

    A plain name stays as it is. One that a file system could read otherwise (with a slash, a dot at its
    begin, more than 80 characters), or that another one equals but for letter case, becomes its plain
    characters and a part of its sha256. Nothing that this returns leaves the folder in which it is used.

    Raises `FormatError` if two of them come to the same file after all.

    >>> file_names(["features.0", "../a/b"])
    {'features.0': 'features.0', '../a/b': 'a_b-8e7e11e418be'}
    """
    folded = [name.casefold() for name in (*dict.fromkeys(names), *taken)]
    found = {
        name: name
        if _is_plain(name) and folded.count(name.casefold()) == 1
        else f"{_kept(name)}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:12]}"
        for name in names
    }
    owners = {name.casefold(): name for name in taken}
    for name, file in found.items():
        other = owners.setdefault(file.casefold(), name)
        if other != name:
            raise FormatError(
                f"{other!r} and {name!r} must have files of their own, but both come to {file!r}: "
                "rename one of them"
            )
    return found


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _kept(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:40] or "name"
