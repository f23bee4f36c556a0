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
_ZERO = r"(?:\d*'s?[bdh]0[0_]*|0x0+|0)"
_COUNTED = r"(?:counts?|cnt|total|found|detected|seen|reported)"
_PLACE = r"(?:at|in|on|for|of|is|was|idx|index|addr(?:ess)?|row|col(?:umn)?|lane|cycle|time|pixel)"
_CLAUSE = r"[^.;:]*"
_NOTHING = re.compile(
    rf"""(?<![\w.-])0{_OF}\s+(?:{_THINGS}\s+)?(?:{_MANY})\b
    |(?:^|[,;:(|/+&-]\s*|\b(?:and|with|but|found|were|are|had|has|total|got|passed|pass|ok)\s+)
        0{_OF}\s+(?:{_THINGS}\s+)?(?:were\s+|are\s+)?{_WORD}\b
    |\b(?:no|zero|without|any)\s+(?:[a-z]+\s+){{0,2}}?{_WORD}\b
    |\b(?:do|does|did)\ not\ differ\b
    |\b(?:check|look|search|watch|scan|test|monitor)(?:s|ed|ing)?\s+for\s+(?:[a-z]+\s+)?{_WORD}\b
    |\b(?:never|nothing|none|not\ a\ single|none\ of\ (?:the\ |all\ )?(?:\d+\ )?(?:{_THINGS}\ )?)
        \s*\b{_WORD}\b
    |(?<!\w){_WORD}\s*(?:{_COUNTED}\s*|flag\s*)?
        (?:(?<=[a-z]\s)(?!{_PLACE}\b)[a-z]+\s*(?=[:=])|{_COUNTED}\s+(?:is|was)\s)?[:=]?\s*{_ZERO}{_OF}(?![\w.']*[1-9a-z'])(?!(?:\s+-?\d+){{2}})(?:\s*%)?
    |\b(?:{_WORD}|abort(?:ed)?)\s*(?:[:=]\s*(?:no|none|false|off)|\?\s*no)(?=\s*(?:$|[,;.)|]))
    |\b(?:(?:{_MANY})\s*|pass(?:ed)?\s*\(\d+\)\W*fail(?:ed)?\s*)\(0\)
    |\(\s*[01]\s*=\s*\w+\W+[01]\s*=\s*\w+\s*\)|\b(?:[01]|non-?zero)\s+means\s+(?:a\s+)?{_WORD}
    |\b(?:{_MANY})\s+(?:at|in|on|for|during)\s+[a-z]+\s*[:=]\s*0(?![\w.]*[1-9a-z])
    |(?<!\d\ )\b(?:{_MANY})\s+(?:are|get|will\ be)\s+(?:listed|printed|shown|reported|written)\b
    |\bwill\s+(?:print|report|show|say)\b{_CLAUSE}|\b{_WORD}\s+if\s+any\b{_CLAUSE}
    |\bwill\s+(?:stop|exit|end|abort)\s+(?:after|at)\s+\d+\s+{_WORD}\b
    |\bup\s+to\s+\d+\s+{_WORD}\s+(?:are|will\ be)\b
    |\bmax_err(?:or)?s\s*[:=]\s*\d+
    |"[^"]*"\s*[:.]*\s*(?:pass(?:ed)?|ok)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""That something was counted, looked for or only spoken of, and not found; 0 before a single word may be an
index instead."""
_NONE = r"(?!\s*(?:count|found|total|rate)?\s*[:=]?\s*(?:0(?![.\d]*[1-9]|(?:\s+-?\d+){2})|none)\b)"
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
    |(?<![\w.-])[1-9]\d*\ (?i:errors?|differences?)\b                      # as benches count
    |(?<![a-z])(?i:(?:num|n|nr|total|tot)_)?(?i:err(?:or)?s?[_ ]?(?:count|cnt|total|found)?)
        \s*[:=]\s*(?!{_ZERO}\b(?!'))(?:0*[1-9]\d*(?![.\d])|0x0*[1-9a-f])
    |\b(?i:err(?:or)?s?[_ ]?(?:count|cnt|total)|errors|differences)
        \s*(?:found\s*)?[:= ]\s*(?!{_ZERO}\b(?!'))(?:0x)?0*[1-9]""",
    re.VERBOSE,
)
_SAID = re.compile(
    rf"""(?<![\w/.-])(?:ERROR|WRONG|NG|BAD|Bad|DIFFERENT)(?![\w/.-]|\s*\w*\s*[:=]\s*[\d.]){_NONE}
    |{_BEFORE}(?i:error)\b(?![\w/.-]|\s+\w+\s*[:=]\s*[\d.]){_NONE}
        (?=\s*[:,!-]\s*[^\s\d.]|\s+(?:at|in|on|for)\b|!|\s+[1-9]\d*\b(?!\s*[.%]))
    |(?<![\w/.-])(?i:error\ (?:at|on))\b
    |(?<![\w/.-])(?i:{_ONE}|unsuccessful|abort(?:ed|ing))(?![\w/-]|\.\w){_NONE}
    |\b(?i:not\ (?:ok|equal|match(?:ed|ing)?|pass(?:ed)?)|no\ match){_NONE}\b
    |\b(?i:(?:nothing|never|none(?:\s+of\s+(?:the\s+|all\s+)?\d*)?(?:\s*{_THINGS})?|no\s+{_THINGS})
        \s+(?:(?:is|are)\s+)?(?:match(?:es|ed)?|pass(?:ed)?|correct|right|equal))\b
    |\b(?i:too\ many\ (?:{_MANY}))\b
    |\b(?i:(?:does|do|did)(?:\ not|n't)\ (?:match|pass|equal)|assertion\ violat(?:ed|ion)|timed\ out)\b
    |\bTIMEOUT\b(?!\s*[:=]?\s*\d)|^\W*(?i:timeout)\b(?=\W*$|\s+(?:at|waiting)\b|:\s*[a-z])""",
    re.VERBOSE,
)
"""What benches say in words; tools warn in such words, too."""
_WARNING = re.compile(r"\bwarning\b\W*[:(\[-]|^\W*%?warning", re.IGNORECASE)
_NUMBER = r"(?<![\w.])[+-]?(?:\d*'s?(?:h[0-9a-f_]+|b[01_]+|d\d+)|0x[0-9a-f]+|\d+)(?![\w.'])"
_UNEQUAL = re.compile(rf"({_NUMBER})\s*!==?\s*({_NUMBER})", re.IGNORECASE)
_PART = re.compile(
    r"(?:^|[:=,;(]\s*)(\d+)\s*(?:/|(?:out\s+)?of)\s*(\d+)\s+(?:[a-z]+\s+){0,2}"
    r"(?:correct|right|match(?:ed|es)?|equal)\b"
    r"|(?:^|[:=,;(]\s*)(\d+)\s*(?:out\s+)?of\s*(\d+)\s+(?:[a-z]+\s+){0,2}pass(?:ed)?\b"
    rf"|(?:^|[:=,;(]\s*)(\d+)\s*/\s*(\d+)\s+{_THINGS}\s+pass(?:ed)?\b"
    r"|(?:^|[:=,;(]\s*)(0)\s*/\s*(\d+)\s+passed\b",
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
_MAY_SAY = re.compile(
    r"err|fail|fatal|mis-?(?:match|comp)|wrong|incorrect|differ|unsuccess|abort|violat|time|traceback"
    r"|exception|\bng\b|\bbad\b|\bno|never|n't|\*[ef],",
    re.IGNORECASE,
)
_MAY_DIFFER = re.compile(r"!=|exp|should|want|golden|correct|right|match|equal|pass", re.IGNORECASE)
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
        may_say = _MAY_SAY.search(line) is not None
        if not (may_say or _MAY_DIFFER.search(line)):
            continue
        bare = _COLOR.sub("", line).strip()
        if (may_say and _says(bare)) or (not _WARNING.search(bare) and _differs(bare)):
            said = "reports an error (--pass-if and --fail-if say which lines count)"
            return f"line {number} {said}: {bare[:200]!r}"
    return ""


def _says(line: str) -> bool:
    """Whether a line says in words that something is wrong."""
    told = line if re.match(r"#?\s*\*\* ", line) else _NOTHING.sub("", line)
    if _ERROR.search(told):
        return True
    return not _WARNING.search(line) and _SAID.search(told) is not None


def _differs(line: str) -> bool:
    """Whether a line has an expected number and another one, or says that less than all are right.

    >>> [_differs(one) for one in ("got 5, expected 3", "5 != 5", "98/100 correct", "expected -1 got -1")]
    [True, False, True, False]
    """
    if (pair := _UNEQUAL.search(line)) and not _is_same(pair[1], pair[2]):
        return True
    if (part := _PART.search(line)) and not _SHARE.search(line):
        right, whole = (int(one) for one in part.groups() if one)
        return right < whole
    wanted, found = _WANTED.search(line), _FOUND.search(line)
    if wanted is None or found is None or _RIGHT.search(line):
        return False
    return not _is_same(wanted[1], found[1])


def _is_same(one: str, other: str) -> bool:
    """Whether two numbers are equal, as far as the bits go of one that is written in bits.

    >>> [_is_same("8'hff", other) for other in ("-1", "255", "254")]
    [True, True, False]
    """
    (value, bits), (another, others) = _value(one), _value(other)
    narrow = min((width for width in (bits, others) if width), default=0)
    is_signed = value < 0 or another < 0
    return value == another or (narrow > 0 and is_signed and (value - another) % (1 << narrow) == 0)


def _value(text: str) -> tuple[int, int]:
    """A number, and how many bits its form has; 0 if it is decimal."""
    small = text.lower().replace("_", "")
    if "'" in small:
        width, _, digits = small.partition("'")
        digits = digits.removeprefix("s")
        base = {"h": 16, "b": 2, "d": 10}[digits[0]]
        sign = -1 if width.startswith("-") else 1
        return sign * int(digits[1:], base), int(width.lstrip("+-") or 32)
    if "x" in small:
        return int(small, 16), 4 * len(small.partition("x")[2])
    return int(small), 0
