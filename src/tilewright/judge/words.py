"""Words of logs, titles and names: whether the core's number follows, or the expected one."""

from __future__ import annotations

import re

STEMS = "exp(?!ort|and|on|la|lo|ir|ecting)|ref(?!re|or|in|il)|gold|should|want|model(?!sim)|correct(?!i)"
"""How words begin, in patterns and titles, that the expected number follows."""

WHOLE = (
    r"exp(?:ect(?!ing)\w*)?|ref(?:erence)?|gold(?:en)?|should|want(?:ed)?|model|correct|pred(?:ict\w*)?|truth|gt"
    r"|oracle|ideal|theor\w+|desired|answer"
)
"""The words themselves, for text in which other words begin like them (export, refresh)."""

OWN = r"actual|got|found|dut|uut|rtl|result|observed|computed|measured"
"""Words that the number of the core follows."""

TOOLS = "python|numpy|torch|pytorch|tensorflow|keras|matlab|octave|sw|software"
"""What computes the expected numbers."""
_PERHAPS = "cpu|host|target|label|true|check|checks"
"""Names of expected numbers that are words of other things, too: ``check 3: 5 vs 7``."""
_TOOLS = f"{TOOLS}|{_PERHAPS}"
"""What the expected numbers come from or are called, where a title or a name says so."""
_SAID = rf"{WHOLE}|spec(?:ified|ification)?|soll(?:wert)?e?|erwartet\w*|attendue?s?|esperad[oa]s?"
"""Words of titles, also of other languages."""
_PLACES = "hw|hardware|fpga|asic|verilog|vhdl|core|sim|modelsim|questa|verilator|icarus|xsim"
"""Where the core is, in titles."""
_SHORT = "act|obs|meas|ours|have|is|ist|istwert|npu|tpu|gpu|accel|accelerator|board|device|chip|obtenue?s?"
"""Titles of the core's numbers beside those of expected ones; alone they may mean anything."""

_EXPECTED = re.compile(
    rf"(?:^|[^a-z])(?:{STEMS}|predict|(?:{_SAID}|{_TOOLS})(?![a-z]))|expected|golden|reference"
)
_OWN = re.compile(rf"(?:^|[^a-z])(?:{OWN}|{_PLACES})(?![a-z])")
COUNTS = frozenset(("", "index", "idx", "n", "i", "no", "nr", "#", "id", "addr", "address"))
"""Titles of a column that may count the numbers."""
_TIMES = frozenset(
    [
        "cycle",
        "cyc",
        "clk",
        "time",
        "timestamp",
        "datetime",
        "date",
        "tick",
        "ticks",
        "t",
        "step",
        "delta",
        "ns",
        "ps",
        "us",
        "diff",
        "difference",
        "err",
        "error",
        "ok",
        "match",
    ]
)
_BESIDE = re.compile(
    r"(?:^|[^a-z])(?:time\w*|cycles?|clk|clock|addr\w*|valid|ready|index|idx|id|name|count|status|state)(?![a-z])"
)
"""What a column is that stands beside numbers, whoever has it: ``sim_time``, ``dut_valid``."""
_OWN_SHORT = re.compile(rf"(?:^|[^a-z])(?:{_SHORT})(?![a-z])")
_READ = re.compile(
    r"\b(?:load|read|compar|check|verif|writ|open|us)(?:[eyi]?ing|[ei]?d)\b", re.IGNORECASE
)
_MARKS = re.compile(r"^[\s#/*%=>-]+|[\s#/*=<-]+$")
MOST_WORDS = 3
"""Of a title that no colon ends."""


def is_expected(title: str) -> bool:
    """Whether a title or name, in small letters, says that its numbers are expected ones.

    >>> [is_expected(title) for title in ("psum_ref", "golden (dec)", "y_pred", "numpy", "psum", "preload")]
    [True, True, True, True, False, False]
    """
    return _EXPECTED.search(title) is not None


def is_perhaps_expected(title: str) -> bool:
    """Whether a title or name says that its numbers are expected ones only beside a name of the core's.

    >>> [is_perhaps_expected(title) for title in ("check", "cpu", "golden", "psum")]
    [True, True, False, False]
    """
    return re.fullmatch(_PERHAPS, title) is not None


def is_beside(title: str) -> bool:
    """Whether a title says that a number is not what the core computed: a count, a time, what was expected.

    >>> [is_beside(title) for title in ("addr", "sim_time", "golden", "psum", "")]
    [True, True, True, False, False]
    """
    is_known = title in COUNTS | _TIMES or re.search(r"_(?:time|cycles?|clk)$", title) is not None
    return (title != "" and is_known) or is_expected(title)


def is_own(title: str, *, is_beside_expected: bool = False) -> bool:
    """Whether a title or name says that its numbers are the core's; beside expected ones short words do.

    >>> [is_own(title) for title in ("psum_hw", "actual value", "dut_ref", "sim_time", "act")]
    [True, True, False, False, False]
    >>> is_own("act_hex", is_beside_expected=True)
    True
    """
    is_said = _OWN.search(title) or (is_beside_expected and _OWN_SHORT.search(title))
    return bool(is_said) and not is_expected(title) and not _BESIDE.search(title)


def is_title_of_expected(line: str) -> bool:
    """Whether a line of text is a title, and one of expected numbers.

    >>> lines = ("# expected", "Golden psums (of PyTorch):", "comparing with the reference:", "DUT and ref:")
    >>> [is_title_of_expected(line) for line in lines]
    [True, True, False, False]
    """
    text = _MARKS.sub("", line)
    if re.match(r"(?:model|target|software)[^:=]*[:=]\s*\S", text, re.IGNORECASE):
        return False  # of what network the numbers are
    is_title = text.endswith(":") or len(text.split()) <= MOST_WORDS
    small = text.lower()
    is_said = re.search(rf"(?:\b|_)(?:{_SAID})(?![a-z])", small) is not None
    is_alone = len(text.split()) == 1 and is_expected(small)
    return is_title and (is_said or is_alone) and not _OWN.search(small) and not _READ.search(text)
