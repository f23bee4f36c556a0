"""Lines by which a simulator or a bench says that something is wrong, whatever the exit status.

`$error` leaves the status at 0 in most simulators, and so does a bench that only prints FAILED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NONE = r"(?!\s*(?:count|found|total)?\s*[:=]?\s*(?:0|none)\b)"
_NOTHING = re.compile(
    r"\b(?:0|no|zero|without|for|any)\s+(?:\w+\s+){0,2}?(?:fail(?:s|ed|ures?)?|mismatch(?:es)?|errors?)\b",
    re.IGNORECASE,
)
"""That something was counted or looked for, and not found."""
_ERROR = re.compile(
    rf"""^(\#\s*)?\*\*\ (Error|Fatal|Failure)\b                   # Questa, nvc
    |^(\#\s*)?UVM_(ERROR|FATAL)\b{_NONE}
    |^(\[\d+\]\ )?%?(Error|ERROR|Fatal|FATAL|Failure)(-\[|-\w+:|:){_NONE}     # Verilator, VCS, Icarus, xsim
    |^\w+:\ \*[EF],                                               # Xcelium
    |:\((assertion|report)\ (error|failure)\):                    # GHDL
    |(?<![\w/.-])(?i:fail(?:s|ed|ures?)?|mismatch(?:es)?)(?![\w/-]|\.\w){_NONE}
    |\b[1-9]\d*\ (?i:errors?|differences?)\b                      # as benches count
    |\b(?i:errors|error\ (?:count|total)|differences)\s*(?:found\s*)?[:=]\s*[1-9]""",
    re.VERBOSE,
)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def reported_error(lines: Iterable[str]) -> str:
    """The first line that reports an error, counted from 1, in a sentence; "" if none does.

    >>> reported_error(["UVM_ERROR :    0", "Errors: 0, Warnings: 2", "5 PASSED, 0 FAILED", "FAIL=0"])
    ''
    >>> reported_error(["# ** Note: done", "# ** Error: psum 3 is 5"])
    "line 2 reports an error (--pass-if and --fail-if say which lines count): '# ** Error: psum 3 is 5'"
    """
    for number, line in enumerate(lines, 1):
        bare = _COLOR.sub("", line).strip()
        bare = bare if bare.startswith(("#", "*")) else _NOTHING.sub("", bare)
        if _ERROR.search(bare):
            said = "reports an error (--pass-if and --fail-if say which lines count)"
            return f"line {number} {said}: {bare[:200]!r}"
    return ""
