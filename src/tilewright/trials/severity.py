"""Lines by which a simulator or a bench says that something is wrong, whatever the exit status.

`$error` leaves the status at 0 in most simulators, and so does a bench that only prints FAILED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ONE = r"fail(?:s|ed|ure)?|mismatch(?:ed)?|mis-match|miscompared?|wrong|incorrect|differs?"
_MANY = r"failures|fails|mismatches|miscompares|errors|differences"
_WORD = rf"(?:{_ONE}|{_MANY}|error)"
_THINGS = (
    "(?:tests?|cases?|checks?|vectors?|assert(?:ion)?s?|psums?|outputs?|words?|samples?|pixels?)"
)
_OF = r"(?:\s*(?:/|(?:out\s+)?of)\s*\d+)?"
_NOTHING = re.compile(
    rf"""(?<![\w.-])0{_OF}\s+(?:{_THINGS}\s+)?(?:{_MANY})\b
    |(?:^|[,;:(|/+&-]\s*|\b(?:and|with|but|found|were|are|had|has|total|got|passed|pass|ok)\s+)
        0{_OF}\s+(?:{_THINGS}\s+)?(?:were\s+|are\s+)?{_WORD}\b
    |\b(?:no|zero|without|any)\s+(?:[a-z]+\s+){{0,2}}?{_WORD}\b
    |\b(?:do|does|did)\ not\ differ\b
    |\b(?:check|look|search|watch|scan|test|monitor)(?:s|ed|ing)?\s+for\s+(?:[a-z]+\s+)?{_WORD}\b
    |(?<!\w){_WORD}\s*(?:[a-z]+\s*)?[:=]?\s*0{_OF}(?![\w.]*[1-9a-z])(?:\s*%)?""",
    re.IGNORECASE | re.VERBOSE,
)
"""That something was counted or looked for, and not found; 0 before a single word may be an index instead."""
_NONE = r"(?!\s*(?:count|found|total|rate)?\s*[:=]?\s*(?:0(?![.\d]*[1-9])|none)\b)"
_BEFORE = r"^(?>\[[^\]]{0,99}\]|[^\w\s]|(?!(?i:error))\w+:|[\d.]+(?:\s*[munpf]?s\b)?|\s)*+"
"""What may stand before the first word that counts: marks, a name or time in brackets, a time."""
_ERROR = re.compile(
    rf"""^(\#\s*)?\*\*\ (Error|Fatal|Failure)\b                   # Questa, nvc
    |^(\#\s*)?UVM_(ERROR|FATAL)\b{_NONE}
    |^(\[\d+\]\ )?%?(Error|ERROR|Fatal|FATAL|Failure)(-\[|-\w+:|:){_NONE}     # Verilator, VCS, Icarus, xsim
    |^\w+:\ \*[EF],                                               # Xcelium
    |:\((assertion|report)\ (error|failure)\):                    # GHDL
    |\b(?:Error|Fatal|Failure):\s+(?![\d.])\S                     # Riviera
    |^Traceback\ \(most|^\w*(?:Error|Exception):\s                # Python
    |(?<![\w/.-])(?i:fail(?:s|ed|ures?)?|mismatch(?:es)?)(?![\w/-]|\.\w){_NONE}
    |\b[1-9]\d*\ (?i:errors?|differences?)\b                      # as benches count
    |(?<![a-z])(?i:(?:num|n|nr|total|tot)_)?(?i:err(?:or)?s?[_ ]?(?:count|cnt|total|found)?)
        \s*[:=]\s*[1-9]\d*(?![.\d])
    |\b(?i:err(?:or)?s?[_ ]?(?:count|cnt|total)|errors|differences)\s*(?:found\s*)?[:= ]\s*[1-9]""",
    re.VERBOSE,
)
_SAID = re.compile(
    rf"""(?<![\w/.-])(?:ERROR|WRONG|NG|BAD|Bad|DIFFERENT)(?![\w/.-]|\s*\w*\s*[:=]\s*[\d.]){_NONE}
    |{_BEFORE}(?i:error)\b(?![\w/.-]|\s+\w+\s*[:=]\s*[\d.]){_NONE}
        (?=\s*[:,!-]\s*[^\s\d.]|\s+(?:at|in|on|for)\b|!|\s+[1-9]\d*\b(?!\s*[.%]))
    |(?<![\w/.-])(?i:error\ (?:at|on))\b
    |(?<![\w/.-])(?i:{_ONE}|unsuccessful|abort(?:ed|ing))(?![\w/-]|\.\w){_NONE}
    |\b(?i:not\ (?:ok|equal|match(?:ed|ing)?|pass(?:ed)?)|no\ match){_NONE}\b
    |\b(?i:(?:does|do|did)(?:\ not|n't)\ (?:match|pass|equal)|assertion\ violat(?:ed|ion)|timed\ out)\b
    |\bTIMEOUT\b(?!\s*[:=]?\s*\d)|^\W*(?i:timeout)\b(?=\W*$|\s+(?:at|waiting)\b|:\s*[a-z])""",
    re.VERBOSE,
)
"""What benches say in words; tools warn in such words, too."""
_WARNING = re.compile(r"\bwarning\b\W*[:(\[-]|^\W*%?warning", re.IGNORECASE)
_NUMBER = r"(?<![\w.])[+-]?(?:0x[0-9a-f]+|\d+)(?![\w.'])"
_UNEQUAL = re.compile(rf"({_NUMBER})\s*!==?\s*({_NUMBER})", re.IGNORECASE)
_PART = re.compile(
    r"(?:^|[:=,;(]\s*)(\d+)\s*(?:/|(?:out\s+)?of)\s*(\d+)\s+(?:[a-z]+\s+){0,2}"
    r"(?:correct|right|match(?:ed|es)?|equal)\b",
    re.IGNORECASE,
)
"""How many of how many are right."""
_IS = rf"(?:\s+(?:is|was|value|psum))*\s*[:=]?\s*({_NUMBER})"
_WANTED = re.compile(
    rf"\b(?:expect(?:ed|s)?|exp|should\ be|want(?:ed)?|golden){_IS}", re.IGNORECASE
)
_FOUND = re.compile(
    rf"\b(?:got|found|actual|observed|computed|received|dut|rtl){_IS}", re.IGNORECASE
)
_RIGHT = re.compile(r"\b(?:pass(?:ed)?|ok|match(?:es|ed)?|correct|equal)\b", re.IGNORECASE)
_SHARE = re.compile(r"\b(?:accuracy|top-?\d)\b", re.IGNORECASE)
_MAY = re.compile(
    r"err|fail|fatal|mis-?(?:match|comp)|wrong|correct|differ|unsuccess|abort|violat|time|traceback|exception"
    r"|\bng\b|\bbad\b|\bno|n't|!=|\*[ef],|exp|should|want|golden|right|match|equal",
    re.IGNORECASE,
)
"""What every line that is looked at more closely has: most lines of a long log have none of it."""
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def reported_error(lines: Iterable[str]) -> str:
    """The first line that reports an error, counted from 1, in a sentence; "" if none does.

    >>> reported_error(["UVM_ERROR :    0", "Errors: 0, Warnings: 2", "5 PASSED, 0 FAILED", "FAIL=0"])
    ''
    >>> reported_error(["# ** Note: done", "# ** Error: psum 3 is 5"])
    "line 2 reports an error (--pass-if and --fail-if say which lines count): '# ** Error: psum 3 is 5'"
    """
    for number, line in enumerate(lines, 1):
        if not _MAY.search(line):
            continue
        bare = _COLOR.sub("", line).strip()
        told = bare if re.match(r"#?\s*\*\* ", bare) else _NOTHING.sub("", bare)
        is_warning = _WARNING.search(bare) is not None
        if _ERROR.search(told) or (not is_warning and (_SAID.search(told) or _differs(bare))):
            said = "reports an error (--pass-if and --fail-if say which lines count)"
            return f"line {number} {said}: {bare[:200]!r}"
    return ""


def _differs(line: str) -> bool:
    """Whether a line has an expected number and another one, or says that less than all are right.

    >>> [_differs(one) for one in ("got 5, expected 3", "5 != 5", "98/100 correct", "expected -1 got -1")]
    [True, False, True, False]
    """
    if (pair := _UNEQUAL.search(line)) and _value(pair[1]) != _value(pair[2]):
        return True
    if (part := _PART.search(line)) and not _SHARE.search(line):
        return int(part[1]) < int(part[2])
    wanted, found = _WANTED.search(line), _FOUND.search(line)
    if wanted is None or found is None or _RIGHT.search(line):
        return False
    return _value(wanted[1]) != _value(found[1])


def _value(text: str) -> int:
    return int(text, 16 if "x" in text.lower() else 10)
