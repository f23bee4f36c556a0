"""All mutants of a source file.

The list is ours, after the fault models of software mutation (operators, conditions, statements) and of
hardware (stuck bits, dropped carries, lost resets and enables). Each mutant changes one place.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from tilewright.mutation import statements as place
from tilewright.mutation.mutant import Mutant, make_mutant
from tilewright.mutation.statements import Span
from tilewright.verilog.tokens import Token, tokenize

SWAPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "+": (("-", "operator"), ("^", "carry")),
    "-": (("+", "operator"), ("^", "carry")),
    "*": (("+", "operator"),),
    "&&": (("||", "operator"),),
    "||": (("&&", "operator"),),
    "&": (("|", "operator"),),
    "|": (("&", "operator"),),
    "^": (("|", "operator"),),
    "==": (("!=", "operator"),),
    "!=": (("==", "operator"),),
    "<": (("<=", "off-by-one"), (">=", "operator")),
    ">": ((">=", "off-by-one"), ("<=", "operator")),
    ">=": ((">", "off-by-one"), ("<", "operator")),
    "<=": (("<", "off-by-one"), (">", "operator")),
    "<<": ((">>", "operator"),),
    ">>": (("<<", "operator"),),
    ">>>": ((">>", "signedness"),),
}
_OPERAND_ENDS = ")]}"
_RESET = re.compile(r"[!~]?\s*([a-z]+_)?[an]?(rst|reset)\w*(\s*==\s*(1'b)?[01])?", re.IGNORECASE)
_ADDRESS = re.compile(r"addr|base|pointer|offset|index|read_q|write_q", re.IGNORECASE)
_ENABLE = re.compile(r"valid|_we|_re\b|push|pop|enable|hit|busy|done|start|restart|step|is_", re.I)
_VALUE = re.compile(r"psum|sum|product|weight|act|relu|word|data|lane", re.IGNORECASE)
"""What carries numbers. Counters are as wide as a parameter says, and no layer reaches their highest bit."""
_SCALAR = re.compile(r"\b(?:logic|wire|reg|bit)\s+(?:signed\s+)?([A-Za-z_]\w*)\s*[;,=)\n]")


@dataclass(frozen=True, slots=True)
class _File:
    """A file, cut into tokens; `keep` says which of them are behavior."""

    name: str
    text: str
    tokens: list[Token]
    keep: list[bool]
    scalars: frozenset[str]

    def words(self, span: Span) -> str:
        return self.text[self.tokens[span.first].start : self.tokens[span.last].end]

    def place(self, span: Span) -> tuple[int, int]:
        return self.tokens[span.first].start, self.tokens[span.last].end

    def mutant(self, where: tuple[int, int], new: str, category: str, what: str) -> Mutant:
        return make_mutant(self.name, self.text, where, new, category=category, what=what)


def mutants_of(text: str, *, file: str, compiled: Container[int] = ()) -> list[Mutant]:
    """Every mutant of one file, in the order of their places; none of them twice.

    None is in a package: its types are those of the ports, and the testbench has them too. None is in
    conditional text but for the branches in `compiled` (`tilewright.verilog.tokens`). Raises
    `FormatError` if `text` holds what is no token of SystemVerilog.
    """
    tokens = tokenize(text, file=file, compiled=compiled)
    scalars = frozenset(_SCALAR.findall(text))
    source = _File(file, text, tokens, place.changeable(tokens), scalars)
    found: dict[str, Mutant] = {text: source.mutant((0, 0), "", "", "")}
    for make in _MAKERS:
        for mutant in make(source):
            found.setdefault(mutant.apply(text), mutant)
    del found[text]  # what changes nothing
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.replacement))


def _operators(source: _File) -> Iterator[Mutant]:
    for index, token in enumerate(source.tokens):
        if not source.keep[index] or token.kind != "operator":
            continue
        where = token.start, token.end
        if token.text in ("!", "~") and not _RESET.match(source.tokens[index + 1].text):
            yield source.mutant(where, "", "operator", f"{token.text} left out")
        elif _is_binary(source.tokens, index):
            if token.text == "<=" and token.depth == 0:
                continue  # an assignment
            for new, category in SWAPS.get(token.text, ()):
                yield source.mutant(where, new, category, f"{token.text} becomes {new}")
            yield from _operands_left_out(source, index)
    for span in place.choices(source.tokens, source.keep):
        yield from _negations(source, span)
        after = source.text[source.place(span)[1]]  # which a number must not swallow: 1'b1? is one
        for new in ("1'b1", "1'b0"):
            words = f"{new} " if after == "?" else new
            yield source.mutant(source.place(span), words, "enable", f"condition always {new}")


def _operands_left_out(source: _File, operator: int) -> Iterator[Mutant]:
    """What stands before ``&&`` or ``||``, and what stands behind it, with the operator itself."""
    if source.tokens[operator].text in ("&&", "||"):
        before, after = place.operands(source.tokens, operator)
        for span in (Span(before.first, operator), Span(operator, after.last)):
            kept = before if span.first == operator else after
            left_out = after if span.first == operator else before
            what = f"{source.words(left_out)} left out"
            whole = source.place(Span(before.first, after.last))
            yield source.mutant(whole, source.words(kept), "operator", what)


def _is_binary(tokens: list[Token], index: int) -> bool:
    return index > 0 and (
        tokens[index - 1].kind != "operator" or tokens[index - 1].text in _OPERAND_ENDS
    )


def _negations(source: _File, span: Span) -> Iterator[Mutant]:
    """The condition negated, unless the change of one operator in it does the same."""
    operators = [token.text for token in source.tokens[span.first : span.last + 1]]
    if not {"!", "~", "==", "!=", "<", ">", "<=", ">="}.intersection(operators):
        yield _negate(source, span, "operator")


def _negate(source: _File, span: Span, category: str) -> Mutant:
    words = source.words(span)
    return source.mutant(source.place(span), f"!({words})", category, "condition negated")


def _numbers(source: _File) -> Iterator[Mutant]:
    """One more, one less, and the other fill; in statements about addresses, of that category."""
    for index, token in enumerate(source.tokens):
        if not source.keep[index] or token.kind != "number":
            continue
        where = token.start, token.end
        category = "address" if _is_about_address(source, index) else "constant"
        if token.text in _FILLS:
            new = _FILLS[token.text]
            yield source.mutant(where, new, category, f"{token.text} becomes {new}")
        elif token.text.isdecimal():
            value = int(token.text)
            kind = "off-by-one" if category == "constant" else category
            for other in (value + 1, value - 1):
                if other >= 0:
                    yield source.mutant(where, str(other), kind, f"{value} becomes {other}")
            if value > 1:
                yield source.mutant(where, "0", category, f"{value} becomes 0")
        elif sized := _SIZED.fullmatch(token.text):
            kind = "off-by-one" if category == "constant" else category
            for new in _neighbors(int(sized[1]), sized[2].lower(), sized[3].replace("_", "")):
                yield source.mutant(where, new, kind, f"{token.text} becomes {new}")


_SIZED = re.compile(r"(\d+)\s*'[sS]?([bBoOdDhH])\s*([0-9a-fA-F_]+)")
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}


def _neighbors(bits: int, base: str, digits: str) -> list[str]:
    """One more and one less in as many bits, and 0; an unsigned number is as good as a signed one there."""
    value = int(digits, _BASES[base])
    others = {(value + step) % (1 << bits) for step in (1, -1)} | {0}
    return [f"{bits}'{base}{other:{_FORMATS[base]}}" for other in sorted(others - {value})]


_FORMATS = {"b": "b", "o": "o", "d": "d", "h": "x"}


def _is_about_address(source: _File, index: int) -> bool:
    """Whether the statement around a token names an address."""
    tokens = source.tokens
    first = index
    while first > 0 and tokens[first - 1].text not in (";", "begin", "else", "end"):
        first -= 1
    last = place.statement_end(tokens, index)
    return _ADDRESS.search(source.words(Span(first, last))) is not None


def _defaults(source: _File) -> Iterator[Mutant]:
    """In the value of a localparam, the default of a parameter where its name should be."""
    defaults = dict(_DEFAULT.findall(source.text))
    for index, token in enumerate(source.tokens):
        if not source.keep[index] or token.text not in defaults:
            continue
        if place.is_in_localparam(source.tokens, index):
            new, where = defaults[token.text], (token.start, token.end)
            yield source.mutant(where, new, "constant", f"{token.text} becomes {new}")


_DEFAULT = re.compile(r"\bparameter\s+int\s+(\w+)\s*=\s*(\d+)")


def _widths(source: _File) -> Iterator[Mutant]:
    """Fewer bits than a number needs, and one bit where all count."""
    yield from _narrow_counters(source)
    for index, token in enumerate(source.tokens[:-1]):
        if not source.keep[index] or token.kind != "operator":
            continue
        before, after = source.tokens[index - 1], source.tokens[index + 1]
        if token.text in _SHIFTS and _NAME.fullmatch(after.text):
            what = f"{after.text} without its highest bit"
            new = f"(({after.text} << 1) >> 1)"
            yield source.mutant((after.start, after.end), new, "width", what)
        is_vector = _NAME.fullmatch(before.text) and before.text not in source.scalars
        if token.text in ("==", "!=") and after.text == "'0" and is_vector:
            what = f"the lowest bit of {before.text} alone"
            new = f"({before.text} & 1'b1)"
            yield source.mutant((before.start, before.end), new, "width", what)


def _narrow_counters(source: _File) -> Iterator[Mutant]:
    """Six of 16 bits, as for a layer that is smaller than those that may come."""
    for assignment in place.assignments(source.tokens, source.keep):
        target, value = source.words(assignment.target).strip(), source.words(assignment.value)
        is_other = _VALUE.search(target) or _ENABLE.search(target) or value.strip() in _FILLS
        if is_other or target in source.scalars or not _NAME.fullmatch(target):
            continue
        new = f"({value}) & ((1 << ($bits({target}) * 3 / 8)) - 1)"
        what = f"the lowest three eighths of {target} alone"
        if not _is_state(value):
            yield source.mutant(source.place(assignment.value), new, "width", what)


_NAME = re.compile(r"[a-z]\w*")
"""A signal, by the convention that constants are UpperCamelCase."""
_SHIFTS = ("<<", ">>", "<<<", ">>>")


def _signs(source: _File) -> Iterator[Mutant]:
    for token in source.tokens:
        where = token.start, token.end
        if token.text == "$signed":
            yield source.mutant(where, "$unsigned", "signedness", "$signed becomes $unsigned")
        elif token.text == "$unsigned":
            yield source.mutant(where, "$signed", "signedness", "$unsigned becomes $signed")
        elif token.text == "signed":
            yield source.mutant(where, "", "signedness", "signed left out")


def _stuck(source: _File) -> Iterator[Mutant]:
    """The lowest bit of what is assigned, stuck, and the highest where it carries a number."""
    for assignment in place.assignments(source.tokens, source.keep):
        target, value = source.words(assignment.target).strip(), source.words(assignment.value)
        if value.strip() in _FILLS or _is_state(value) or _ENABLE.search(target):
            continue
        for name, bit in [] if target in source.scalars else _bits(target):
            for level, form in (("1", "({0}) | {1}"), ("0", "(({0}) | {1}) ^ {1}")):
                new = form.format(value, bit)
                what = f"{name} bit stuck at {level}"
                yield source.mutant(source.place(assignment.value), new, "stuck bit", what)

        for level in "01" if target in source.scalars else "":
            where = source.place(assignment.value)
            yield source.mutant(where, f"1'b{level}", "stuck bit", f"bit stuck at {level}")


_FILLS = {"'0": "'1", "1'b0": "1'b1", "'1": "'0", "1'b1": "1'b0"}
"""Constants that fill a register, and their opposites."""


def _bits(target: str) -> list[tuple[str, str]]:
    """Names and masks; a part of a vector has no name of its own, and only its lowest bit is known."""
    lowest = ("lowest", "1'b1")
    is_number = _VALUE.search(target) and not _ADDRESS.search(target)
    is_number = is_number or target.endswith("addr_o")  # as wide as its memory is deep
    if is_number and re.fullmatch(r"[A-Za-z_]\w*", target):
        return [lowest, ("highest", f"(1 << ($bits({target}) - 1))")]
    return [lowest]


def _is_state(value: str) -> bool:
    """A named state or other constant, by the convention that these are UpperCamelCase."""
    return re.fullmatch(r"[A-Z]\w*", value.strip()) is not None


def _resets(source: _File) -> Iterator[Mutant]:
    """Inverted resets, other reset values, and registers that a reset leaves alone."""
    for span in place.conditions(source.tokens, source.keep):
        words = source.words(span)
        if not _RESET.fullmatch(words.strip()):
            continue
        if "==" not in words:  # which is exchanged by itself
            yield _negate(source, span, "reset")
        last = _branch_end(source.tokens, span.last + 2)
        branch = [span.last + 2 <= index <= last for index in range(len(source.tokens))]
        for assignment in place.assignments(source.tokens, branch):
            whole = Span(assignment.target.first, assignment.value.last)
            name = source.words(assignment.target)
            yield source.mutant(source.place(whole), "", "reset", f"{name} is not reset")
            value = source.words(assignment.value)
            other = _FILLS.get(value.strip())
            if other is not None:
                where = source.place(assignment.value)
                yield source.mutant(where, other, "reset", f"{name} is reset to {other}")


def _branch_end(tokens: list[Token], first: int) -> int:
    """Last token of the statement, or of the ``begin ... end``, that begins at `first`."""
    if tokens[first].text != "begin":
        return place.statement_end(tokens, first)
    level = 0
    for index in range(first, len(tokens)):
        level += (tokens[index].text == "begin") - (tokens[index].text == "end")
        if level == 0:
            return index
    return len(tokens) - 1


def _enables(source: _File) -> Iterator[Mutant]:
    """Conditions and enabling signals that always or never hold."""
    for span in place.conditions(source.tokens, source.keep):
        if _RESET.fullmatch(source.words(span).strip()):
            continue
        for new in ("1'b1", "1'b0"):
            yield source.mutant(source.place(span), new, "enable", f"condition always {new}")
        yield from _negations(source, span)
    for assignment in place.assignments(source.tokens, source.keep):
        is_constant = source.words(assignment.value).strip() in _FILLS
        if is_constant or not _ENABLE.search(source.words(assignment.target)):
            continue
        for new in ("'1", "'0"):
            where = source.place(assignment.value)
            yield source.mutant(where, new, "enable", f"always {new}")
    for port, span in place.connections(source.tokens, source.keep):
        if port.endswith("_i") and not port.startswith(("clk", "rst")):
            category = "address" if _ADDRESS.search(port) else "enable"
            yield source.mutant(source.place(span), "'0", category, f"{port} tied to 0")


def _deletions(source: _File) -> Iterator[Mutant]:
    for assignment in place.assignments(source.tokens, source.keep):
        if assignment.is_nonblocking:
            whole = Span(assignment.target.first, assignment.value.last)
            name = source.words(assignment.target)
            yield source.mutant(source.place(whole), "", "deletion", f"{name} is not written")


_MAKERS = (
    *(_resets, _enables, _operators, _numbers, _defaults, _signs, _widths, _stuck, _deletions),
)
