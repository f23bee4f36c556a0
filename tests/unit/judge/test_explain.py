"""A cause is named only if it reproduces every number; what no cause reproduces is not explained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.naive import convolve, wrap
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import (
    Dump,
    Operands,
    compare,
    composed,
    explain,
    heat_maps,
    write_page,
    write_probe,
)
from tilewright.judge.cause import FAMILIES, STAGES, Cause, all_causes, predict
from tilewright.judge.evidence import information, is_supported
from tilewright.judge.probes import posed, random_operands, told_apart
from tilewright.judge.problem import Problem
from tilewright.judge.products import changed_products
from tilewright.spec import ArrayShape, ConvShape
from tilewright.vectors import read_bundle

SHAPE = ConvShape(ic=6, ih=4, iw=5, oc=5, kh=3, kw=3, padding=(1, 1))
CASE = Case(SHAPE, ArrayShape(4, 6, psum_bits=16))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("explain") / "bundle", CASE, *random_tensors(CASE, 3))


@cache
def _tensors():
    return random_tensors(CASE, 3)


def _psums(change_weight=lambda w: w, change_codes=lambda x: x):
    codes, weight = _tensors()
    return convolve(change_weight(weight.copy()), change_codes(codes.copy()), SHAPE)


def _explain(bundle, numbers, kind="psum"):
    return explain(bundle, Dump(kind, numbers, np.ones(numbers.shape, bool)))


def _keys(found):
    return [[tuple(cause.key for cause in causes) for causes in group] for group in found.groups]


def _without_tap_4(weight):
    weight[:, :, 1, 1] = 0
    return weight


def _without_last_row(codes):
    codes[:, -1] = 0
    return codes


class TestSingleCauses:
    @pytest.mark.parametrize(
        ("numbers", "key"),
        [
            (lambda: _psums(_without_tap_4), "tap-lost kij=4"),
            (lambda: _psums(lambda w: w & 15), "weights-unsigned"),
            (lambda: _psums(lambda w: w[:, :, ::-1, ::-1]), "taps-flipped"),
            (lambda: _psums(lambda w: w.transpose(0, 1, 3, 2)), "taps-transposed"),
            (lambda: _psums(change_codes=lambda x: wrap(x, 4)), "codes-signed"),
            (
                lambda: _psums(
                    change_codes=lambda x: np.roll(x, 1, 1) * (np.arange(4) > 0)[:, None]
                ),
                "map-shifted n=-5 rest=0",
            ),
            (lambda: _psums(change_codes=_without_last_row), "border-wide side=bottom"),
            (lambda: wrap(_psums(), 8), "sum-wrap n=8"),
            (lambda: np.clip(_psums(), -128, 127), "sum-saturate n=8"),
            (lambda: np.maximum(_psums(), 0), "relu-early"),
            (lambda: _psums()[:, ::-1], "outputs-map-rows-flipped"),
            (lambda: _psums() + 17, "sum-plus n=17"),
            (lambda: _psums() & 0xFFFF, "sum-unsigned n=16"),
            (lambda: _psums() & 0xFFFFFFFF, "sum-unsigned n=32"),
            (lambda: _psums(lambda w: w[:, [1, 0, 2, 3, 5, 4]]), "weights-ic-exchanged lanes=0,1"),
            (lambda: _psums()[[4, 1, 2, 3, 0]], "weights-oc-exchanged lanes=0,4"),
        ],
    )
    def test_a_planted_fault_is_named(self, bundle, numbers, key):
        found = _explain(bundle, numbers())
        assert found.is_explained
        assert any((key,) in group for group in _keys(found)), _keys(found)

    def test_an_output_without_its_function(self, bundle):
        assert _keys(_explain(bundle, _psums(), "output")) == [[("relu-missing",)]]

    def test_a_wrong_sum_is_seen_through_the_output_function(self, bundle):
        numbers = np.maximum(_psums(_without_tap_4), 0)
        assert _keys(_explain(bundle, numbers, "output")) == [[("tap-lost kij=4",)]]

    def test_unknown_numbers_do_not_hinder(self, bundle):
        numbers = _psums(_without_tap_4)
        known = np.random.default_rng(0).random(numbers.shape) < 0.3
        found = explain(bundle, Dump("psum", np.where(known, numbers, 0), known))
        assert ("tap-lost kij=4",) in _keys(found)[0]
        assert not found.passed

    def test_psums_of_taps(self, bundle):
        taps = np.stack([_psums(lambda w, k=k: _only(w, k)) for k in range(9)])
        taps[4] = 0
        assert _keys(_explain(bundle, taps, "tap_psum")) == [[("tap-lost kij=4",)]]

    @pytest.mark.parametrize("kind", ["psum", "output", "tap_psum"])
    def test_zeros_alone_name_no_single_mistake_first(self, bundle, kind):
        """What left nothing may be a file that was not found, as well as any memory or counter."""
        zeros = np.zeros((9, *_psums().shape) if kind == "tap_psum" else _psums().shape, int)
        found = _explain(bundle, zeros, kind)
        assert _keys(found)[0][0] == ("outputs-zero",)
        assert "every number is 0: nothing was read, added up or written" in found.verdict
        one = zeros.copy()
        one.flat[7] = 1
        assert "every number is 0" not in _explain(bundle, one, kind).verdict

    def test_right_numbers_need_no_cause(self, bundle):
        found = _explain(bundle, _psums())
        assert found.passed
        assert found.judged is None
        assert found.verdict == "every number is as expected"


def _only(weight, kij):
    kept = np.zeros_like(weight)
    kept[:, :, kij // 3, kij % 3] = weight[:, :, kij // 3, kij % 3]
    return kept


def _unsigned_in_8_bits():
    """Each product of an unsigned weight wraps at 8 bits, as a signed one never does."""
    codes, weight = _tensors()
    planes = (np.eye(6, dtype=np.int64)[ic][:, None, None] * codes for ic in range(6))
    taps = [(plane, _only(weight & 15, k)) for plane in planes for k in range(9)]
    return sum(wrap(convolve(one_tap, plane, SHAPE), 8) for plane, one_tap in taps)


def _not_cleared(psums):
    """Each pixel has those before it added."""
    return psums.reshape(len(psums), -1).cumsum(axis=1).reshape(psums.shape)


def _stuck(weight):
    """PE (2, 1) of 4 x 6 has input channel 2 and output channel 1."""
    weight[1, 2] = 7
    return weight


class TestPairs:
    @pytest.mark.parametrize(
        ("numbers", "keys"),
        [
            (lambda: wrap(_psums(lambda w: w & 15), 9), {"weights-unsigned", "sum-wrap n=9"}),
            (_unsigned_in_8_bits, {"weights-unsigned", "product-wrap n=8"}),
            (
                lambda: _psums(_without_tap_4, lambda x: wrap(x, 4)),
                {"tap-lost kij=4", "codes-signed"},
            ),
            (
                lambda: _psums(lambda w: _without_tap_4(w)[:, :, ::-1]),
                {"tap-lost kij=4", "taps-rows-flipped"},
            ),
            (
                lambda: _psums(lambda w: w & 15)[:, :, ::-1],
                {"weights-unsigned", "outputs-map-columns-flipped"},
            ),
            (
                lambda: _not_cleared(_psums(lambda w: w & 15)),
                {"weights-unsigned", "not-cleared pixels"},
            ),
            (
                lambda: _psums(lambda w: _stuck(w[:, [1, 0, 3, 2, 5, 4]])),
                {"weights-ic-pairs", "pe-stuck row=2 col=1 value=7"},
            ),
        ],
    )
    def test_two_planted_faults_are_named(self, bundle, numbers, keys):
        found = _explain(bundle, numbers())
        assert any(keys == set(pair) for group in _keys(found) for pair in group), _keys(found)

    @pytest.mark.parametrize(
        "numbers",
        [
            lambda: _not_cleared(_psums(lambda w: w & 15)),
            lambda: _psums(lambda w: _stuck(w[:, [1, 0, 3, 2, 5, 4]])),
        ],
    )
    def test_two_planted_faults_and_one_flipped_bit_are_not_named(self, bundle, numbers):
        wrong = numbers()
        wrong[1, 2, 3] ^= 4
        assert not _explain(bundle, wrong).is_explained

    def test_no_table_is_made_of_the_maps_of_a_part_where_numbers_are_wide(
        self, bundle, monkeypatch
    ):
        """Of 8 bits, tables of all maps took longer than everything else."""
        monkeypatch.setattr(composed, "MOST_TABLED", 100)
        second = np.arange(6)[:, None, None] % 4 == 1  # PE row 1
        turned = np.array([0, 8, 4, 12, 2, 10, 6, 14])
        numbers = _psums(change_codes=lambda codes: np.where(second, turned[codes & 7], codes & 7))
        pairs = [set(pair) for group in _keys(_explain(bundle, numbers)) for pair in group]
        assert {"codes-low-bits n=3", "row-bits-reversed row=1"} in pairs, pairs


class TestNoFalseExplanation:
    @pytest.mark.parametrize("count", [1, 5])
    def test_random_corruption_is_not_explained(self, bundle, count):
        random, numbers = np.random.default_rng(count), _psums()
        places = random.choice(numbers.size, count, replace=False)
        numbers.reshape(-1)[places] += random.integers(1, 500, count)
        found = _explain(bundle, numbers)
        assert not found.is_explained
        assert found.near or found.is_weak

    def test_a_planted_fault_with_one_flipped_bit_is_not_explained(self, bundle):
        numbers = _psums(_without_tap_4)
        numbers[2, 1, 3] ^= 4
        found = _explain(bundle, numbers)
        assert not found.is_explained
        near = found.near[0]
        assert (near.cause.key, near.reproduced) == ("tap-lost kij=4", 99)
        assert near.place == (0, 2, 8)
        assert near.found == near.predicted ^ 4

    @pytest.mark.parametrize(
        ("order", "key"),
        [
            ((1, 2, 0), "outputs-refolded"),
            ((1, 0, 2), "outputs-by-rows"),
            ((2, 1, 0), "outputs-refolded-transposed"),
        ],
    )
    def test_a_list_in_another_order_with_one_flipped_bit_is_nearest_to_that_order(
        self, bundle, order, key
    ):
        numbers = _psums()
        numbers[2, 1, 3] ^= 4
        found = _explain(bundle, numbers.transpose(order).reshape(numbers.shape))
        assert not found.is_explained
        near = found.near[0]
        assert (near.cause.key, near.reproduced) == (key, 99)
        assert near.cause.hint.endswith(
            f"--order '{' '.join(('oc', 'oh', 'ow')[n] for n in order)}'"
        )
        assert near.found == near.predicted ^ 4

    def test_one_number_is_too_little(self, bundle):
        codes, weight = _tensors()
        problem = _problem(bundle, _with_one(convolve(weight, codes, SHAPE)))
        assert not is_supported(problem, (_cause(problem, "sum-wrap n=10"),), 1)
        assert information(problem, problem.known & (problem.target != problem.expected)) > 0

    def test_a_pair_that_undoes_itself_but_for_one_number_explains_nothing(self, bundle):
        """A column one pixel late, and one early again: its last number is 0, and no other one differs."""
        numbers = _psums()
        assert numbers[4, -1, -1] != 0
        numbers[4, -1, -1] = 0
        found = _explain(bundle, numbers)
        assert not found.is_explained
        problem = _problem(bundle, numbers)
        pair = [_cause(problem, f"column-late col=4 n={n} rest=0") for n in (-1, 1)]
        assert predict(problem, pair).tolist() == problem.target.tolist()
        assert not is_supported(problem, pair, 2)


def _with_one(numbers):
    numbers[0, 0, 0] += 1024
    return numbers


def _problem(bundle, numbers, kind="psum"):
    codes, weight = _tensors()
    operands = Operands(weight.astype(np.int64), codes.astype(np.int64))
    dump = Dump(kind, numbers, np.ones(numbers.shape, bool))
    return Problem.of(bundle, operands, compare(bundle, dump, operands=operands))


def _cause(problem, key):
    return next(cause for cause in all_causes(problem) if cause.key == key)


class TestFamilies:
    def test_every_cause_gives_numbers_of_the_right_shape(self, bundle):
        for kind, numbers in (("psum", _psums() + 1), ("output", np.maximum(_psums(), 0) + 1)):
            problem = _problem(bundle, numbers, kind)
            causes = all_causes(problem)
            assert len(causes) > 1000
            assert {cause.stage for cause in causes} <= set(STAGES)
            for cause in causes:
                assert predict(problem, (cause,)).shape == problem.expected.shape, cause.key

    def test_without_a_cause_the_numbers_are_the_expected_ones(self, bundle):
        for kind in ("psum", "output"):
            problem = _problem(bundle, _psums() + 1, kind)
            assert (predict(problem, ()) == problem.expected).all()

    def test_a_family_of_another_package_is_asked(self, bundle):
        def thirds(_):
            yield Cause("thirds", "sums are divided by three", "value", lambda _, v: v // 3, "look")

        FAMILIES.add("thirds", thirds)
        try:
            assert _keys(_explain(bundle, _psums() // 3)) == [[("thirds",)]]
        finally:
            FAMILIES._things.pop("thirds")


class TestTies:
    def test_causes_that_no_input_tells_apart_are_one_group(self, bundle):
        found = _explain(bundle, _psums(lambda w: w[:, :, ::-1, ::-1]))
        assert [{keys[0] for keys in group} for group in _keys(found)] == [
            {"taps-flipped", "window-tap-flipped"}
        ]

    def test_a_probe_tells_ties_apart(self, bundle, tmp_path):
        codes, weight = _tensors()
        codes, weight = codes.copy(), weight.copy()
        weight[:, :, 0, 0] = 0  # so that two faults look alike
        quiet = write_case(tmp_path / "quiet", CASE, codes, weight)
        wrong = weight.copy()
        wrong[:, :, 0, 1] = 0
        found = _explain(quiet, convolve(wrong, codes, SHAPE))
        keys = _keys(found)
        assert len(keys) > 1
        assert {("tap-lost kij=1",), ("tap-stale kij=1 from=0",)} <= {
            k for group in keys for k in group
        }
        probe = write_probe(quiet, found.problem, found.groups, tmp_path / "probe")
        fresh = random_operands(quiet, 0)
        answers = {
            predict(posed(found.problem, fresh), group[0]).tobytes() for group in found.groups
        }
        assert len(answers) == len(found.groups)
        assert read_bundle(probe.folder).shape == SHAPE

    def test_one_fit_is_one_group(self, bundle):
        problem = _problem(bundle, _psums(_without_tap_4))
        fit = (_cause(problem, "tap-lost kij=4"),)
        assert told_apart(bundle, problem, [fit]) == [[fit]]


class TestProducts:
    def test_lost_and_changed_products_are_solved_for(self, bundle):
        codes, weight = _tensors()
        wrong = weight.copy()
        wrong[1, 2, 0, 2] += 3
        wrong[1, 4, 1, 1] -= 2
        wrong[3, 0, 2, 0] = 0
        found = _explain(bundle, convolve(wrong, codes, SHAPE))
        assert found.is_explained
        said = {(c.oc, c.ic, c.kij, c.acts_as) for c in found.products}
        assert said == {(1, 2, 2, wrong[1, 2, 0, 2]), (1, 4, 4, wrong[1, 4, 1, 1]), (3, 0, 6, 0)}
        assert "oc=1, ic=2, kij=2: the product with weight" in found.verdict

    def test_a_number_off_by_one_has_no_solution(self, bundle):
        codes, weight = _tensors()
        wrong = weight.copy()
        wrong[1, 2, 0, 2] += 3
        wrong[1, 4, 1, 1] -= 2
        numbers = convolve(wrong, codes, SHAPE)
        numbers[1, 1, 1] += 1
        assert changed_products(_problem(bundle, numbers)) == ()

    def test_all_weights_of_a_channel_where_there_are_pixels_enough(self, tmp_path):
        shape = ConvShape(ic=2, ih=6, iw=7, oc=2, kh=2, kw=2)
        case = Case(shape, ArrayShape(2, 2, psum_bits=16))
        codes, weight = random_tensors(case, 0)
        bundle = write_case(tmp_path / "bundle", case, codes, weight)
        wrong = weight.copy()
        wrong[1, 0] = wrong[1, 0] + [[1, 2], [3, -4]]
        found = _explain(bundle, convolve(wrong, codes, shape))
        assert {(c.ic, c.kij, c.acts_as - c.weight) for c in found.products} == {
            (0, 0, 1),
            (0, 1, 2),
            (0, 2, 3),
            (0, 3, -4),
        }


class TestShown:
    def test_maps_say_which_pixels_differ(self, bundle):
        numbers = _psums()
        numbers[:, 2, 3] += 1
        numbers[1] += 1
        dump = Dump("psum", numbers, np.ones(numbers.shape, bool))
        pixels, channels = heat_maps(bundle, compare(bundle, dump))
        assert pixels.lines() == ["33333", "33333", "333#3", "33333"]
        assert channels.lines() == ["1#111"]

    def test_unknown_numbers_are_blank(self, bundle):
        known = np.ones((5, 4, 5), bool)
        known[:, 0, 0] = False
        pixels, _ = heat_maps(bundle, compare(bundle, Dump("psum", _psums(), known)))
        assert pixels.lines()[0] == " ...."

    def test_a_page_has_the_maps_and_the_cause(self, bundle, tmp_path):
        write_page(bundle, _explain(bundle, _psums(_without_tap_4)), tmp_path / "page.html")
        text = (tmp_path / "page.html").read_text()
        assert "the products of tap 4 are lost" in text
        assert text.count("<tr>") == SHAPE.oh + 1

    def test_json_has_the_same_facts(self, bundle):
        facts = _explain(bundle, _psums(_without_tap_4)).to_json()
        assert facts["verdict"] == "the products of tap 4 are lost"
        assert facts["causes"][0][0][0]["key"] == "tap-lost kij=4"
        assert facts["comparisons"][0]["differ"] > 50


def test_a_part_of_the_pixels_is_enough_for_a_large_layer(tmp_path, monkeypatch):
    from tilewright.judge import rows

    monkeypatch.setattr(rows, "MUCH", 5 * 6 * 9 * 4)
    bundle = write_case(tmp_path / "bundle", CASE, *_tensors())
    for numbers, key in (
        (_psums(_without_tap_4), "tap-lost kij=4"),
        (_psums()[:, ::-1], "outputs-map-rows-flipped"),
    ):
        assert any((key,) in group for group in _keys(_explain(bundle, numbers)))
    pair = _keys(_explain(bundle, wrap(_psums(lambda w: w & 15), 9)))
    assert pair[0][0] == ("weights-unsigned", "sum-wrap n=9")


def test_of_several_kinds_the_first_that_differs_is_judged(bundle):
    right, wrong = _psums(), np.maximum(_psums(), 0) // 2
    dumps = [
        Dump(kind, numbers, np.ones(numbers.shape, bool))
        for kind, numbers in (("psum", right), ("output", wrong))
    ]
    found = explain(bundle, dumps)
    assert found.judged.kind == "output"
    assert "shifted right by 1" in found.verdict
    assert replace(found, judged=None).verdict == "every number is as expected"
