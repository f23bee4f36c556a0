"""Words and widths where the lanes of a word are not the rows of the array, nor the rows all in use."""

from __future__ import annotations

import pytest

from tests.unit.cost.outlines import ARRAY, SHAPE, outline
from tilewright.cost.traffic import layer_traffic
from tilewright.cost.widths import psum_widths
from tilewright.spec import ArrayShape, ConvShape, signed_bits_needed
from tilewright.tile import CORE_DATAFLOWS, Execution, TilePlan

WS, SIMD, OS = CORE_DATAFLOWS


@pytest.mark.parametrize(
    ("dataflow", "xmem", "wmem"),
    [(WS, 3 * 2, 3 * 4), (SIMD, 6 * 2, 3 * 4), (OS, 3 * 2, 2 * 4)],
)
def test_a_word_has_a_code_for_each_lane(dataflow, xmem, wmem):
    """Three rows, two columns; codes of two bits, of which a PE takes two at once; weights of four."""
    traffic = layer_traffic(outline(act_bits=2), Execution(TilePlan(SHAPE, ARRAY, dataflow)))
    assert (traffic.xmem.word_bits, traffic.wmem.word_bits) == (xmem, wmem)
    assert traffic.pmem.word_bits == 2 * 12


@pytest.mark.parametrize(("ic", "products"), [(2, 2), (3, 3), (5, 3)])
def test_a_column_adds_as_many_products_as_it_has_rows_in_use(ic, products):
    """Three rows: five channels are two tiles, of three and of two; all taps are of other folds."""
    shape = ConvShape(ic, 4, 6, 7, 3, 2)
    widths = psum_widths(outline(shape), TilePlan(shape, ArrayShape(3, 2, 20)))
    assert widths.column_by_type == signed_bits_needed(-15 * 7 * products, 15 * 7 * products)
    assert widths.by_type == signed_bits_needed(-15 * 7 * ic * 6, 15 * 7 * ic * 6)
