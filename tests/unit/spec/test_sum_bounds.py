"""The bound of sums where the lowest code of the weights is the widest; a node that feeds itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.spec.test_integer_network import link, residual, with_links
from tests.unit.spec.test_shapes import make_layer
from tilewright.errors import ShapeError
from tilewright.spec import IntegerNetwork, NumberFormat


@pytest.mark.parametrize(("is_narrow", "widest"), [(True, 7), (False, 8)])
def test_a_format_that_is_not_narrow_reaches_minus_eight(is_narrow, widest):
    layer = make_layer([[7, -7, 1]])
    weight_format = NumberFormat(4, is_signed=True, is_narrow=is_narrow)
    layer = replace(layer, weight_format=weight_format)
    assert layer.psum_bound() == layer.sum_bound() == 3 * layer.act_format.max_code * widest


def test_the_sums_of_weights_of_one_sign_begin_at_nothing():
    most = make_layer([[1, 1]]).act_format.max_code
    assert make_layer([[7, 3], [2, 1]]).psum_range() == (0, 10 * most)
    assert make_layer([[-7, -3], [-2, -1]]).psum_range() == (-10 * most, 0)


def test_a_node_does_not_feed_itself():
    with pytest.raises(ShapeError, match=r"^add must run before add, which reads its output$"):
        residual(**with_links("add", link("add", 2, 6, min_code=-3)))


def test_a_network_is_another_with_one_number_changed():
    whole = residual()
    stem = whole.node("stem")
    weight = stem.weight.copy()
    weight.flat[0] += 1
    other = IntegerNetwork((replace(stem, weight=weight), *whole.nodes[1:]))
    assert residual().fingerprint() == whole.fingerprint() != other.fingerprint()


def test_ties_go_to_the_lowest_class():
    sums = np.array([[5, 5], [4, 5]])[:, :, None, None]
    assert residual().classes(sums).tolist() == [0, 1]


def test_a_negative_scale_turns_the_order_of_the_classes():
    whole = residual()
    scale = -whole.output.weight_scale
    nodes = [one for one in whole.nodes if one is not whole.output]
    turned = IntegerNetwork((*nodes, replace(whole.output, weight_scale=scale)))
    sums = np.array([[5, 6], [6, 5], [5, 5]])[:, :, None, None]
    assert whole.classes(sums).tolist() == [1, 0, 0]
    assert turned.classes(sums).tolist() == [0, 1, 0]
