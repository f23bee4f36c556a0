"""What a certificate says is held against another one, and its obligations against their bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import chain, layer
from tilewright.spec import ConvShape, DataClaim, IntegerNetwork, NumberFormat
from tilewright.verify.certificate import Certificate, NetworkClaim, Obligation, Oracle
from tilewright.verify.obligations import ORDER_KEPT, find_obligations

DUTY = Obligation("integral codes", "every weight is a code", True, "9 codes", {"weights": 9})
ORACLE = Oracle("engine", "1", "reference", "sums", samples=2, compared=8, differ=0)
MADE = Certificate(
    NetworkClaim("ab", 3, 9),
    DataClaim("digits", 2, "cd"),
    {"images": 2},
    (DUTY, replace(DUTY, name="order")),
    (ORACLE, replace(ORACLE, name="onnx")),
    {},
    (),
)


def differences(**changed):
    return list(MADE.differences(replace(MADE, **changed)))


def test_a_certificate_differs_from_itself_in_nothing():
    assert differences() == []
    assert MADE.passed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"network": NetworkClaim("ab", 4, 9)}, "network: nodes was 3, but is 4"),
        ({"data": DataClaim("digits", 2, "ce")}, "data: "),
        ({"obligations": (DUTY,)}, "obligation 'order': was: 9 codes; is: not there"),
        (
            {"obligations": (replace(DUTY, numbers={"weights": 8}), MADE.obligations[1])},
            "obligation 'integral codes': was: 9 codes; is: 9 codes",
        ),
        (
            {"obligations": (replace(DUTY, holds=False), MADE.obligations[1])},
            "obligation 'integral codes'",
        ),
        ({"oracles": (ORACLE,)}, "oracle: was: onnx against reference"),
        ({"oracles": (ORACLE,), "absent": {"other": "not asked"}}, "oracle: was: onnx"),
        ({"oracles": (ORACLE, replace(MADE.oracles[1], compared=7))}, "oracle: was: onnx"),
        ({"oracles": (ORACLE, replace(MADE.oracles[1], differ=1))}, "oracle: was: onnx"),
    ],
)
def test_what_another_says_otherwise_is_said(changed, said):
    (line,) = differences(**changed)
    assert line.startswith(said)


def test_tools_may_be_of_another_version_or_absent():
    assert differences(oracles=(ORACLE, replace(MADE.oracles[1], version="2"))) == []
    assert differences(oracles=(ORACLE,), absent={"onnx": "not installed"}) == []


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "exact"),
        ({"obligations": (DUTY, replace(DUTY, holds=False))}, "not exact"),
        ({"oracles": (ORACLE, replace(ORACLE, differ=1))}, "not exact"),
        ({"oracles": (ORACLE, replace(ORACLE, compared=0))}, "not exact"),
        ({"oracles": ()}, "not exact"),
    ],
)
def test_everything_must_hold_and_somebody_must_have_been_asked(changed, verdict):
    made = replace(MADE, **changed)
    assert made.verdict == made.to_json()["verdict"] == verdict
    assert made.passed == (verdict == "exact")


def head(largest):
    """A network of one layer whose |sum| reaches `largest` = 127 * 127 * inputs + rest."""
    codes = NumberFormat(8, is_signed=False)
    inputs = -(-largest // (255 * 127))
    shape = ConvShape(inputs, 1, 1, 2, 1, 1)
    made = layer(np.random.default_rng(0), "head", shape, weight_bits=8, act_format=codes)
    weight = np.zeros((2, inputs, 1, 1), np.int8)
    weight[0, : largest // (255 * 127)] = 127
    weight[0, -1] += largest % (255 * 127) // 255
    return IntegerNetwork((replace(made, weight=weight),), ("head",))


def order(network):
    """The last obligation: sums keep their order as float32."""
    return find_obligations(network, {}, {})[-1]


def test_classes_keep_their_order_below_two_to_the_23():
    """255 divides no power of two: the sums nearest to it, below and above."""
    below = order(head(ORDER_KEPT // 255 * 255))
    assert (below.holds, below.numbers["largest"]) == (True, 8_388_480)
    above = order(head((ORDER_KEPT // 255 + 1) * 255))
    assert (above.holds, above.numbers["largest"]) == (False, 8_388_735)
    assert "not below 8,388,608" in above.evidence


def test_several_scales_keep_no_order():
    network = head(255)
    scales = replace(network.output, weight_scale=np.array([1.0, 2.0]))
    found = order(IntegerNetwork((scales,), ("head",)))
    assert (found.holds, found.numbers["scales"]) == (False, 2)


def test_a_negative_scale_keeps_no_order():
    turned = replace(head(255).output, weight_scale=np.array([-1.0]))
    found = order(IntegerNetwork((turned,), ("head",)))
    assert (found.holds, "1 scale, negative, " in found.evidence) == (False, True)


def test_an_arithmetic_that_is_too_narrow_is_named_with_its_layer():
    network = chain(np.random.default_rng(3))
    reach = {node.name: max(-node.sum_range()[0], node.sum_range()[1]) for node in network.nodes}
    named = dict.fromkeys(reach, "int64")
    bounds = find_obligations(network, named, {})[2]
    assert bounds.holds
    assert {name: row["largest"] for name, row in bounds.numbers.items()} == reach
    wide = head((2**24 // 255 + 1) * 255)
    assert not find_obligations(wide, {"head": "float32"}, {})[2].holds
    assert find_obligations(head(2**24 // 255 * 255), {"head": "float32"}, {})[2].holds


def test_a_gap_and_a_code_outside_its_format_are_named():
    whole = chain(np.random.default_rng(3))
    assert [one.holds for one in find_obligations(whole, {}, {})[:2]] == [True, True]
    cut = replace(whole.nodes[0], requantizations=(), unlinked="odd is odd")
    gap = find_obligations(IntegerNetwork((cut, *whole.nodes[1:]), whole.inputs), {}, {})[0]
    assert not gap.holds
    assert gap.evidence.startswith(f"{cut.name}: odd is odd")
    assert gap.numbers == {"nodes": len(whole.nodes), "layers": len(whole.layers)}
    codes = find_obligations(whole, {}, {})[1]
    assert codes.numbers == {"weights": sum(one.weight.size for one in whole.layers), "outside": 0}
    first = whole.layers[0]
    weight = first.weight.copy()
    weight.flat[0] = first.weight_format.max_code
    changed = replace(first, weight=weight)
    weight.flat[0] += 1  # after the constructor has looked
    wrong = find_obligations(IntegerNetwork((changed, *whole.nodes[1:]), whole.inputs), {}, {})[1]
    assert (wrong.holds, wrong.numbers["outside"]) == (False, 1)
    assert wrong.evidence.startswith(f"{first.name}: ")
