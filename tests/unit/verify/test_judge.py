"""Comparison and verdict; every check is also shown to fail."""

from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import Requantization, Stimulus
from tilewright.verify import check_node, compare

from ..spec.test_shapes import make_layer

CODES = np.array([[1, 15], [3, 0]], np.uint8)[:, :, None, None]  # n ic ih iw
WEIGHT = [[7, -2], [0, 1], [-7, -7]]
PSUMS = np.array([[-23, 15, -112], [21, 0, -21]])[:, :, None, None]  # n oc oh ow
LINK = Requantization(np.array([[0], [1], [100]]), np.array([1, 1, -1]), "next")
NEXT = np.array([[0, 1, 1], [1, 0, 0]])[:, :, None, None]


def judge(psums=PSUMS, next_codes=NEXT, psum_bits=16, weight=WEIGHT, codes=CODES, link=LINK):
    layer = make_layer(weight, requantizations=(link,))
    stimulus = Stimulus(np.arange(2), {"conv": codes, "next": next_codes}, {"conv": psums})
    return check_node(layer, stimulus, psum_bits=psum_bits)


def test_a_true_layer_passes_with_its_counts():
    verdict = judge()
    assert verdict.passed
    assert (verdict.psums.compared, verdict.psums.mismatches) == (6, 0)
    (next_codes,) = verdict.next_codes
    assert (next_codes.compared, next_codes.mismatches) == (6, 0)
    assert verdict.width.reachable == (-210, 105)
    assert verdict.width.bits_needed == 9
    assert verdict.width.bits_by_type == 9  # 2 * 15 * 7 = 210
    assert verdict.width.observed == (-112, 21)


def test_one_wrong_psum_is_named_with_both_values():
    psums = PSUMS.copy()
    psums[1, 0] = 22
    verdict = judge(psums)
    assert not verdict.passed
    assert verdict.psums.mismatches == 1
    assert str(verdict.psums.first[0]) == "sample=1 oc=0 oh=0 ow=0: expected 21, found 22"
    assert verdict.next_codes[0].passed
    assert verdict.width.passed


def test_one_wrong_next_code_turns_only_that_check_red():
    codes = NEXT.copy()
    codes[0, 2] = 0
    verdict = judge(next_codes=codes)
    assert (verdict.psums.passed, verdict.next_codes[0].passed, verdict.width.passed) == (
        True,
        False,
        True,
    )
    assert "conv: input codes of next: 6 compared, 1 differ; first at sample=0 oc=2" in str(
        verdict.next_codes[0]
    )


def test_a_threshold_off_by_one_is_found():
    shifted = replace(LINK, thresholds=LINK.thresholds + np.array([[0], [15], [0]]))
    assert not judge(link=shifted).next_codes[0].passed


def test_a_register_one_bit_too_narrow_turns_only_the_width_red():
    assert judge(psum_bits=9).passed
    verdict = judge(psum_bits=8)
    assert (verdict.psums.passed, verdict.width.passed) == (True, False)
    assert str(verdict.width).startswith(
        "psums need 9 bits (reachable -210..105, observed -112..21)"
    )


def test_a_flipped_weight_bit_turns_the_psums_red():
    verdict = judge(weight=[[7, -2], [0, 3], [-7, -7]])
    assert not verdict.psums.passed
    assert verdict.psums.first[0].oc == 1


def test_a_code_outside_the_format_is_refused():
    codes = CODES.copy()
    codes[0, 1] = 16
    with pytest.raises(
        FormatError, match=r"layer conv: input code must fit u4 .* but is 16 at \(n=0, ic=1"
    ):
        judge(codes=codes)


def test_comparing_nothing_is_no_pass():
    empty = np.zeros((0, 1, 1, 1), np.int64)
    assert not compare(empty, empty, what="psums", layer="conv").passed


def test_tensors_of_other_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"^conv: psums: expected and actual must have one shape"):
        compare(PSUMS, PSUMS[:1], what="psums", layer="conv")


def test_all_mismatches_are_counted_and_the_first_twenty_kept():
    zeros = np.zeros((1, 5, 5, 5), np.int64)
    comparison = compare(zeros, zeros + 1, what="psums", layer="conv")
    assert comparison.mismatches == 125
    assert len(comparison.first) == 20
