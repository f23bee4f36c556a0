"""Each rule, on words that depend on data, against what the cell does with the numbers they are."""

from __future__ import annotations

import random
from itertools import product

import pytest

from tests.prove import cell_reference
from tilewright.prove import cells, choices, logic, polynomials
from tilewright.prove.algebra import Algebra
from tilewright.prove.operation import Operation
from tilewright.prove.words import Unknown, Word, Words

UNARY = ("$neg", "$pos", "$not", "$logic_not", "$reduce_or", "$reduce_bool", "$reduce_and")
UNARY += ("$reduce_xor", "$reduce_xnor")
BINARY = ("$add", "$sub", "$mul", "$lt", "$le", "$gt", "$ge", "$eq", "$ne", "$and", "$or", "$xor")
BINARY += ("$xnor", "$logic_and", "$logic_or", "$shl", "$sshl", "$shr", "$sshr")
KINDS = (*UNARY, *BINARY, "$mux", "$pmux")


class Bench:
    """Random words over a few inputs, made as circuits make them."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.algebra = Algebra()
        self.words = Words(self.algebra)
        ranges = [(-8, 7), (0, 15), (0, 1), (-2, 1), (0, 7)]
        self.inputs = [self.algebra.variable(f"v{n}", *ends) for n, ends in enumerate(ranges)]
        self.points = [
            {n: self.rng.choice([*ends, self.rng.randint(*ends)]) for n, ends in enumerate(ranges)}
            for _ in range(12)
        ]

    def word(self, width):
        """Of a number of bits: known, an input, a sum, a product, a slice, parts, or a choice."""
        rng, words, algebra = self.rng, self.words, self.algebra
        kind = rng.randrange(7)
        if kind == 0:
            return rng.getrandbits(width)
        one, two = rng.choice(self.inputs), rng.choice(self.inputs)
        if kind == 1:
            return words.of(one, width)
        if kind == 2:
            return words.of(algebra.add(algebra.scale(one, rng.randint(-5, 5)), two), width)
        if kind == 3:
            return words.of(algebra.multiply(one, two), width)
        if kind == 4:
            total = algebra.add(algebra.multiply(one, two), one, rng.choice((1, 4, -3)))
            return words.slice(words.of(total, width + 3), rng.randint(0, 3), width)
        if kind == 5 and width > 1:
            low = rng.randint(1, width - 1)
            return words.concatenate([(self.word(low), low), (self.word(width - low), width - low)])
        sign = algebra.negative(algebra.add(one, algebra.number(rng.randint(-3, 3))))
        return words.of(algebra.choose(sign, two, algebra.scale(one, -1)), width)

    def one_hot(self, width):
        """A word of which at most one bit is 1: which value an input has."""
        bits = [
            self.algebra.is_zero(self.algebra.add(self.inputs[4], self.algebra.number(-at)))
            for at in range(width)
        ]
        return self.words.concatenate([(self.words.of(bit, 1), 1) for bit in bits])

    def value(self, word, point):
        return self.words.evaluate(word, point, {})


def cell_of(kind, rng):
    """A cell of random widths."""
    width, a, b = (rng.randint(1, 9) for _ in range(3))
    is_a, is_b = rng.random() < 0.5, rng.random() < 0.5
    if kind == "$mux":
        return Operation(kind, kind, width, (width, width, 1), is_signed=False)
    if kind == "$pmux":
        return Operation(kind, kind, width, (width, 3 * width, 3), is_signed=False)
    if kind in UNARY:
        return Operation(kind, kind, width, (a,), is_signed=is_a, is_a_signed=is_a)
    if kind in ("$shl", "$sshl", "$shr", "$sshr"):
        return Operation(kind, kind, width, (a, min(b, 3)), is_signed=False, is_a_signed=is_a)
    both = is_a and is_b
    return Operation(kind, kind, width, (a, b), is_signed=both, is_a_signed=is_a, is_b_signed=is_b)


def disagreements(kind, *, seeds=range(30)):
    """How often a rule says something else than the cell does; and how often its output hangs on data."""
    wrong = symbolic = 0
    for seed in seeds:
        bench = Bench(seed)
        cell = cell_of(kind, bench.rng)
        inputs = [bench.word(width) for width in cell.widths]
        if kind == "$pmux":
            inputs[2] = bench.one_hot(3)
        found = cells.apply(bench.words, cell, inputs)
        if isinstance(found, Word):
            assert found.unknown is None, found.unknown
            assert found.width == cell.width
            symbolic += 1
        for point in bench.points:
            patterns = [bench.value(word, point) for word in inputs]
            try:
                shown = bench.value(found, point)
            except AssertionError:
                shown = None
            wrong += shown != cell_reference.output(cell, *patterns)
    return wrong, symbolic


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_says_what_the_cell_does(kind):
    wrong, symbolic = disagreements(kind)
    assert wrong == 0
    assert symbolic >= 5


def test_every_kind_with_a_rule_is_tested_or_a_synonym_of_one_that_is():
    synonyms = {"$eqx", "$nex", "$buf", "$shift", "$shiftx"}
    assert set(cells.RULES) == {*KINDS, *synonyms, *OF_KNOWN_NUMBERS}


def test_a_select_that_is_unknown_beside_one_that_is_1_chooses_nothing():
    words = Words(Algebra())
    cell = Operation("$pmux", "u", 4, (4, 12, 3), is_signed=False)
    nobody = words.unknown(Unknown("nothing has written it", is_x=True), 1)
    selects = [
        words.concatenate([(bit, 1) for bit in bits]) for bits in ((nobody, 1, 0), (1, 0, nobody))
    ]
    for select in selects:
        found = cells.apply(words, cell, (1, 0x432, select))
        assert found.unknown is not None


OF_KNOWN_NUMBERS = ("$div", "$mod", "$divfloor", "$modfloor", "$pow")


@pytest.mark.parametrize("kind", OF_KNOWN_NUMBERS)
def test_a_quotient_or_power_of_known_numbers(kind):
    words = Words(Algebra())
    for width, is_a, is_b, a, b in product(
        (3, 7), (False, True), (False, True), range(8), range(8)
    ):
        if kind != "$pow" and is_a != is_b:
            continue  # yosys makes both operands of one sign
        cell = Operation(kind, kind, width, (3, 3), is_a and is_b, is_a, is_b)
        found = cells.apply(words, cell, (a, b))
        expected = cell_reference.of_numbers(cell, a, b)
        assert found == expected if expected is not None else found.unknown is not None


def as_if_it_always_held(self, guard, yes, no):
    """An unsound choice: what bounds it in the case of a piece of its guard is taken to hold always."""
    chosen = honest_choice(self, guard, yes, no)
    return self.within(chosen, min(yes.low, no.low), max(yes.high, no.high))


honest_choice = Algebra.choose


def test_a_bound_that_holds_in_a_case_is_not_kept_for_all():
    algebra = Algebra()
    b = algebra.variable("b", 0, 15)
    below = algebra.subtract(algebra.number(2), b)  # 1 or 0 where it is a piece, else down to -13
    guard = algebra.cases(b, (1, 3), (algebra.zero, below, algebra.one))
    chosen = algebra.choose(guard, algebra.one, algebra.zero)
    assert (below.low, below.high) == (-13, 2)
    for value in range(16):
        assert algebra.evaluate(chosen, {0: value}) == (value == 1 or value >= 3)
        assert algebra.evaluate(algebra.compare(below, (2,), (0, 1)), {0: value}) == (value == 0)


def test_a_bound_of_one_case_kept_for_all_is_caught(monkeypatch):
    monkeypatch.setattr(Algebra, "choose", as_if_it_always_held)
    with pytest.raises(AssertionError):
        test_a_bound_that_holds_in_a_case_is_not_kept_for_all()


@pytest.mark.parametrize("kind", ["$shift", "$shiftx"])
@pytest.mark.parametrize("amount", [-3, -1, 0, 2, 5])
def test_a_window_into_a_word(kind, amount):
    bench = Bench(7)
    word = bench.words.of(bench.algebra.multiply(bench.inputs[0], bench.inputs[1]), 8)
    cell = Operation(kind, kind, 4, (8, 4), is_signed=False, is_b_signed=True)
    found = cells.apply(bench.words, cell, (word, amount & 15))
    outside = [at for at in range(amount, amount + 4) if not 0 <= at < 8]
    assert (kind == "$shiftx" and bool(outside)) == (found.unknown is not None)
    for point in bench.points if found.unknown is None else ():
        pattern = bench.value(word, point)
        shifted = pattern >> amount if amount >= 0 else pattern << -amount
        assert bench.value(found, point) == shifted & 15


@pytest.mark.parametrize("kind", ["$shift", "$shl"])
def test_an_amount_that_depends_on_data_is_unknown_or_exact(kind):
    bench = Bench(3)
    amount = bench.words.of(bench.inputs[1], 9)
    cell = Operation(kind, kind, 4, (8, 9), is_signed=False)
    found = cells.apply(bench.words, cell, (bench.words.of(bench.inputs[0], 8), amount))
    assert "depends on data" in found.unknown.reason


def _zero_extended(words, cell, values):
    """An unsound rule: whatever is wider is taken to be unsigned."""
    unsigned = Operation(cell.kind, cell.name, cell.width, cell.widths, is_signed=False)
    return cells_rules[cell.kind](words, unsigned, values)


cells_rules = dict(cells.RULES)


@pytest.mark.parametrize("kind", ["$add", "$mul", "$lt", "$neg", "$pos", "$and"])
def test_a_rule_that_forgets_the_sign_is_caught(kind, monkeypatch):
    monkeypatch.setitem(cells.RULES, kind, _zero_extended)
    assert disagreements(kind)[0]


def _as_if_it_fitted(words, cell, values):
    """An unsound rule: a word is taken to be its polynomial, whether it fits or not."""
    numbers = [words.representative(value) for value in values]
    return words.of(words.algebra.add(*numbers), cell.width)


def test_a_rule_that_takes_every_word_to_fit_is_caught(monkeypatch):
    monkeypatch.setitem(cells.RULES, "$add", _as_if_it_fitted)
    assert disagreements("$add")[0]


def _never(words, cell, values):
    return values[0]


def _other_way(words, cell, values):
    return cells_rules[cell.kind](words, cell, (values[1], values[0], values[2]))


def _rule_of(other):
    def rule(words, cell, values):
        return cells_rules[other](words, cell_named(cell, other), values)

    return rule


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("$mux", _never),
        ("$mux", _other_way),
        ("$pmux", _never),
        ("$xor", _rule_of("$or")),
        ("$sshr", _rule_of("$shr")),
        ("$le", _rule_of("$lt")),
        ("$reduce_and", _rule_of("$reduce_or")),
    ],
)
def test_another_cells_rule_is_caught(kind, broken, monkeypatch):
    monkeypatch.setitem(cells.RULES, kind, broken)
    assert disagreements(kind)[0]


def cell_named(cell, kind):
    return Operation(
        kind, cell.name, cell.width, cell.widths, cell.is_signed, cell.is_a_signed, cell.is_b_signed
    )


def _wrong_anywhere():
    return sum(disagreements(kind)[0] for kind in ("$add", "$eq", "$sshr", "$mux", "$and", "$mul"))


def _without_the_floor_above(self, source, low, width, *, is_signed):
    if isinstance(source, int):
        return self.number(source, width, is_signed=is_signed)
    return self.algebra.floor(source, low)


def _shifted_without_carry(self, p, low):
    return self.algebra.make({m: n >> low for m, n in p.terms.items() if n >> low}), 0


def _reduced_by_a_bit_too_few(self, p, bits):
    whole = 1 << (bits - 1)
    return self.algebra.make({m: n % whole for m, n in p.terms.items() if n % whole})


def _range_without_negatives(self, p, base, low, high):
    return max(p.low, 0), max(p.high, 0)


def _always_the_first_case(self, p, base, low, high):
    pieces = {i: m.pieces[0] for i, m in self.meanings(p) if hasattr(m, "pieces")}
    return self.substitute(p, pieces)


def _every_square_is_its_root(self, one, two):
    return tuple(sorted({*one, *two}))


def _range_of_two_bits(self, terms):
    return 0, 3


def _always_yes(words, select, yes, no, width):
    return yes


def _not_inverted(words, value, width):
    return value


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        (Words, "_part_number", _without_the_floor_above),
        (Words, "_shifted", _shifted_without_carry),
        (Words, "_reduced", _reduced_by_a_bit_too_few),
        (Algebra, "_range_on", _range_without_negatives),
        (Algebra, "restrict", _always_the_first_case),
        (Algebra, "_join", _every_square_is_its_root),
        (Algebra, "range_of", _range_of_two_bits),
        (choices, "choose", _always_yes),
        (logic, "invert", _not_inverted),
    ],
)
def test_an_unsound_piece_of_the_algebra_is_caught(where, name, broken, monkeypatch):
    for module in (where, cells, choices, logic):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, broken)
    try:
        wrong = sum(
            disagreements(kind, seeds=range(25))[0]
            for kind in ("$add", "$eq", "$sshr", "$mux", "$or", "$mul")
        )
    except (AssertionError, ValueError):
        return  # a range that holds no number, or a negative shift: caught too
    assert wrong


def test_polynomials_of_the_same_digest_stay_apart(monkeypatch):
    monkeypatch.setattr(polynomials, "hash", lambda _: 1, raising=False)
    algebra = Algebra()
    a, b = (algebra.variable(name, 0, 3) for name in "ab")
    one, two = algebra.add(a, b, 2), algebra.add(b, a, 2)
    assert one is not two
    assert one.digest == two.digest
    assert algebra.add(algebra.scale(b, 2), a) is one
    assert algebra.find({(0,): 2, (1,): 1}) is two
    assert algebra.find({(0,): 3}) is None


def test_a_digest_alone_does_not_make_them_the_same(monkeypatch):
    def first_found(self, terms, digest):
        return digest

    monkeypatch.setattr(polynomials.Polynomials, "_place", first_found)
    with pytest.raises(AssertionError):
        test_polynomials_of_the_same_digest_stay_apart(monkeypatch)
