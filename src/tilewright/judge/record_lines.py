"""Records over several lines, a name and a number on each, as UVM, YAML and debuggers print them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tilewright.judge.columns import Column, Columns
from tilewright.judge.words import is_beside

_FIELD = re.compile(r"[\W_]*(?P<name>[A-Za-z_]\w*)")


def records_of_lines(forms: Sequence[tuple[str, Columns]]) -> Columns | None:
    """The table of records whose fields stand on lines of their own, always in the same order; or None.

    forms: of lines (`forms_of_lines`). A field is called by the first word of its line, and has the last
    number there.

    >>> from tilewright.judge.log_lines import forms_of_lines
    >>> table = records_of_lines(forms_of_lines("oc: 0\\npsum: -3\\n---\\noc: 1\\npsum: 12\\n"))
    >>> [column.word for column in table.columns], table.rows, table.lines
    (['oc', 'psum'], (('0', '-3'), ('1', '12')), (2, 5))
    """
    most = max((len(columns.rows) for _, columns in forms), default=0)
    fields = dict[str, Columns]()
    for form, columns in forms:
        name = _FIELD.match(form)
        is_field = len(columns.rows) == most and not is_beside(columns.columns[-1].word)
        if name is None or not is_field or name["name"].lower() in fields:
            continue
        fields[name["name"].lower()] = columns
    names = sorted(fields, key=lambda name: fields[name].lines[0])
    lines = [
        line for at in range(most) for name in names for line in fields[name].lines[at : at + 1]
    ]
    if len(names) < 2 or most < 2 or lines != sorted(lines):
        return None
    rows = tuple(tuple(fields[name].rows[at][-1] for name in names) for at in range(most))
    last = fields[names[-1]].lines
    return Columns(tuple(map(Column, names)), rows, last, is_titled=True)
