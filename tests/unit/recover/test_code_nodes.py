"""Moves, products and tables of a module become nodes that hold what the module does, number by number."""

import numpy as np
import torch
from torch import nn

from tilewright.quant import quantize
from tilewright.recover import recover
from tilewright.spec import CodeMove, CodeProduct, CodeTable


class Parts(nn.Module):
    """A border, a product of two values, a function that rises and falls."""

    def __init__(self):
        super().__init__()
        self.pad = nn.ZeroPad2d((1, 0, 0, 0))
        self.first, self.gate, self.silu = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1), nn.SiLU()

    def forward(self, x):
        y = self.first(self.pad(x))
        return self.silu(y) * self.gate(y.relu()).sigmoid()


def nodes():
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (2, 1, 2, 2), generator=torch.Generator().manual_seed(0))
    net = quantize(Parts(), weight_bits=4, act_bits=4, has_pixel_input=True)
    net(pixels)
    return net, recover(net, pixels, np.arange(2))[0].nodes


def test_a_move_states_where_each_number_comes_from():
    _, found = nodes()
    (move,) = (node for node in found if isinstance(node, CodeMove))
    assert move.index.tolist() == [[[-1, 0, 1], [-1, 2, 3]]]
    assert (move.act_scale, move.act_format.min_code, move.act_format.max_code) == (
        np.float32(1 / 255),
        0,
        255,
    )


def test_a_product_has_both_steps_and_a_table_each_code():
    net, found = nodes()
    (product,) = (node for node in found if isinstance(node, CodeProduct))
    part = net.get_submodule(product.name)
    assert product.planes == ((1, 2, 3), (1, 2, 3))
    assert product.act_scale == float(part.act_quantizer.scale)
    assert product.other_scale == float(part.other_quantizer.scale)
    (table,) = (node for node in found if isinstance(node, CodeTable))
    scale = float(net.get_submodule("silu").act_quantizer.scale)
    codes = np.arange(table.act_format.min_code, table.act_format.max_code + 1)
    real = codes * scale / (1 + np.exp(-codes * scale))
    assert np.abs(table.table - real / scale * 64).max() <= 0.501
    assert (table.act_scale, table.unit) == (scale, 1 / 64)
