"""The search for the smallest layer, and when a command is believed on other sizes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.chain import tilewright
from tests.unit.trials.test_trial import WRONG
from tilewright.bundles import check_bundle
from tilewright.errors import ConfigError, ShapeError
from tilewright.trials.candidate import Candidate
from tilewright.trials.command import Command
from tilewright.trials.oracle import OutOfTime
from tilewright.trials.reduce import reduce_bundle
from tilewright.trials.search import Search, _minimize
from tilewright.trials.trial import Expected
from tilewright.vectors import read_bundle
from tilewright.verify import reference_tap_psums

NUMBERS = Expected(("dump.txt",))


def _layer(seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.integers(-8, 8, (6, 7, 3, 2), np.int8)
    return Candidate(weight, rng.integers(0, 16, (7, 5, 4), np.uint8), (2, 1), (1, 0))


def _psums(candidate):
    codes = candidate.codes[None]
    return reference_tap_psums(codes, candidate.weight, candidate.shape)[:, 0].sum(axis=0)


def _is_layer(candidate):
    try:
        return bool(candidate.shape)
    except ShapeError:
        return False


def _search(fails, **options):
    runs = []

    def count(candidate):
        runs.append(candidate.key)
        return _is_layer(candidate) and bool(fails(candidate))

    search = Search(_layer(), count, **options)
    return search.smallest(), len(runs)


def _sizes(candidate):
    return candidate.weight.shape, candidate.codes.shape[1:], candidate.stride, candidate.padding


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("is_after", [False, True])
def test_zeros_of_one_side_alone_become_codes(side, is_after):
    """Padding above and left that differs from that below and right: what was written out is the same."""
    one = replace(_layer(), padding=(2, 0), padding_after=(0, 1))
    whole = one.unpadded(side, before=True, after=True)
    assert whole.shape.edges[side] == (0, 0)
    assert whole.shape.edges[1 - side] == one.shape.edges[1 - side]
    np.testing.assert_array_equal(_psums(whole), _psums(one))
    cut = one.unpadded(side, before=not is_after, after=is_after)
    before, after = one.shape.edges[side]
    assert cut.codes.shape[1 + side] - one.codes.shape[1 + side] == (after if is_after else before)
    assert replace(one, padding_after=None).key != one.key


class TestSearch:
    def test_a_fault_of_every_product_becomes_one_product(self):
        smallest, runs = _search(lambda one: np.any(_psums(one)))
        assert _sizes(smallest) == ((1, 1, 1, 1), (1, 1), (1, 1), (0, 0))
        assert abs(int(smallest.weight[0, 0, 0, 0])) == smallest.codes[0, 0, 0] == 1
        assert runs < 100

    def test_a_fault_of_one_lane_keeps_the_lanes_before_it(self):
        smallest, _ = _search(lambda one: one.shape.oc > 3 and np.any(_psums(one)[3]))
        assert _sizes(smallest)[0] == (4, 1, 1, 1)
        assert smallest.support("oc") == [3]

    def test_a_fault_of_two_taps_keeps_two(self):
        smallest, _ = _search(
            lambda one: one.shape.taps > 1 and np.count_nonzero(one.weight.any(axis=(0, 1))) > 1
        )
        assert smallest.shape.taps == 2
        assert np.count_nonzero(smallest.weight) == 2

    @pytest.mark.parametrize("axis", ["ic", "oc"])
    def test_sizes_that_are_no_powers_of_two_are_found_by_halves(self, axis):
        """A bench whose number of tiles is fixed takes any size that has as many."""
        smallest, runs = _search(lambda one: one.size(axis) >= 5 and np.any(_psums(one)))
        assert smallest.size(axis) == 5
        assert runs < 150

    def test_a_fault_beside_the_first_pixel_needs_no_padding(self):
        smallest, _ = _search(
            lambda one: one.shape.onij > 1 and np.any(_psums(one).reshape(one.shape.oc, -1)[:, 1])
        )
        assert smallest.padding == (0, 0)
        assert smallest.shape.onij == 2

    def test_a_fault_of_a_large_value_keeps_it(self):
        smallest, _ = _search(lambda one: one.codes.max(initial=0) >= 9)
        assert np.count_nonzero(smallest.codes) == 1
        assert smallest.codes.max() >= 9
        assert not smallest.weight.any()

    def test_a_fault_whatever_the_numbers_keeps_none(self):
        smallest, runs = _search(lambda _: True)
        assert not smallest.weight.any()
        assert not smallest.codes.any()
        assert _sizes(smallest)[:2] == ((1, 1, 1, 1), (1, 1))
        assert runs < 40

    def test_sizes_are_kept_where_they_must(self):
        smallest, _ = _search(lambda one: np.any(_psums(one)), keeps_sizes=True)
        assert smallest.sizes == _layer().sizes
        assert (np.count_nonzero(smallest.weight), np.count_nonzero(smallest.codes)) == (1, 1)

    def test_the_time_may_be_over_at_any_run(self):
        left = iter(range(5))

        def fails(candidate):
            if next(left, None) is None:
                raise OutOfTime
            return np.any(_psums(candidate))

        search = Search(_layer(), fails)
        assert np.any(_psums(search.smallest()))
        assert search.is_late

    @pytest.mark.parametrize("wanted", [{0}, {11}, {2, 3, 9}, set(range(12)), set()])
    def test_delta_debugging_finds_what_cannot_be_left_out(self, wanted):
        best = []
        _minimize(range(12), lambda kept: wanted <= set(kept) and not best.append(set(kept)))
        assert (best[-1] if best else set(range(12))) == wanted


CARES = """
wrong=0; grep -v '#' activation_tile0.txt | grep -q 1 && grep -v '#' weight_itile0_otile0_kij0.txt |
grep -q 1 && wrong=1
if [ $wrong = 1 ]; then {wrong}; else cp psum.txt dump.txt; fi
"""
"""A core that is wrong where a code and a weight of the first tiles are not 0."""
REAL = CARES.replace("{wrong}", WRONG)


class TestCommand:
    @pytest.fixture
    def reduce(self, tiny, tmp_path):
        def run(script, expected=NUMBERS, **options):
            command = Command(("sh", "-c", script), here=tmp_path)
            return reduce_bundle(tiny, command, expected, out=tmp_path / "out", **options)

        return run

    def test_the_smallest_bundle_is_written_with_its_run(self, reduce, tmp_path):
        found = reduce(REAL)
        assert found.after.shape.ic == found.after.shape.oc == 1
        assert found.after.shape.onij == 1
        assert found.trial.status == "fail"
        assert read_bundle(tmp_path / "out" / "bundle").shape == found.after.shape
        assert (tmp_path / "out" / "run" / "dump.txt").exists()
        assert found.notes == ()

    def test_a_bench_with_fixed_sizes_is_not_believed(self, reduce, tiny):
        fixed = f"[ {{ic}}{{oc}}{{ih}}{{iw}}{{kh}}{{kw}}{{padded_w}} = 2223123 ] || {WRONG};"
        fixed += "test -f dump.txt || "
        found = reduce(f"{fixed} {{ {REAL} }}")
        assert found.after.shape == tiny.shape
        assert "sizes of the command seem to be fixed" in found.notes[0]
        assert "must pass, as in the first sizes, but fails" in found.notes[0]
        assert np.count_nonzero(found.after.codes) == 1

    def test_a_dump_of_the_first_size_is_not_believed(self, reduce, tiny):
        fixed = (
            "test $TILEWRIGHT_OC = 2 && test $TILEWRIGHT_ONIJ = 4 || { echo 1 > dump.txt; exit; };"
        )
        found = reduce(fixed + REAL)
        assert (found.after.shape.oc, found.after.shape.onij) == (2, 4)
        assert found.after.shape.ic == 1

    def test_the_word_of_a_core_alone_does_not_change_sizes(self, reduce, tiny):
        script = "grep -v '#' activation_tile0.txt | grep -q 1 && exit 1; exit 0"
        found = reduce(script, Expected())
        assert found.after.shape == tiny.shape
        assert np.count_nonzero(found.after.codes) == 1
        assert found.notes[0].startswith("sizes were kept: without numbers to judge")

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ("cp psum.txt dump.txt", "0 differ"),
            ("true", "the command must write dump.txt"),
        ],
    )
    def test_what_does_not_fail_is_refused(self, reduce, script, told):
        with pytest.raises(ConfigError, match=rf"^the command must fail on .*{told}"):
            reduce(script)

    def test_a_budget_ends_the_search_with_the_smallest_so_far(self, reduce, tiny):
        found = reduce(REAL, budget_s=0)
        assert found.after.shape == tiny.shape
        assert "the time was over" in found.notes[0]
        assert found.trial.status == "fail"

    def test_one_bundle_is_reduced(self, tiny, tmp_path):
        for name in ("a", "b"):
            shutil.copytree(tiny.folder, tmp_path / name)
        done = tilewright("reduce", tmp_path, "--dump", "dump.txt", "--", "sh", "-c", WRONG)
        assert done.returncode == 2
        assert f"holds 2: name one, for example {tmp_path}/b" in done.stderr

    def test_an_interrupt_leaves_the_smallest_so_far(self, reduce, tmp_path):
        def interrupt(_line):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            reduce(REAL, progress=interrupt)
        assert check_bundle(tmp_path / "out" / "bundle").passed

    def test_the_command_prints_what_it_found(self, tiny, tmp_path):
        words = ("reduce", tiny.folder, "--dump", "dump.txt", "--out", tmp_path / "o")
        done = tilewright(*words, "--", "sh", "-c", WRONG)
        assert (done.returncode, done.stderr) == (0, "")
        assert "after:  1 -> 1 channels, 1x1 to 1x1 pixels, 1x1 taps" in done.stdout
        assert (
            f"more: tilewright explain {tmp_path}/o/bundle {tmp_path}/o/run/dump.txt" in done.stdout
        )
        done = tilewright(*words, "--keep-sizes", "--json", "--", "sh", "-c", WRONG)
        facts = json.loads(done.stdout)
        assert facts["before"]["shape"] == facts["after"]["shape"]
        assert facts["trial"]["status"] == "fail"
        assert facts["cause"]
