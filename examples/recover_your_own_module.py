"""Any torch module built from quantized layers, stated in integers and checked bit for bit."""

import numpy as np
import torch
from torch import nn

from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.recover import recover
from tilewright.verify import check_node

net = nn.Sequential(
    QuantConv2d(1, 6, 3, weight_bits=4, act_bits=4, padding=1, is_pixel_input=True),
    nn.BatchNorm2d(6),
    nn.ReLU(),
    nn.MaxPool2d(2),
    QuantConv2d(6, 5, (3, 1), weight_bits=3, act_bits=2, stride=(2, 1), padding=(1, 0)),
    nn.ReLU(),
    nn.Flatten(),
    QuantLinear(5 * 2 * 4, 10, weight_bits=4, act_bits=4),
)
pixels = torch.randint(0, 256, (32, 1, 8, 8), dtype=torch.uint8)
net(pixels)  # the first batch sets the step sizes; training would follow

network, stimulus = recover(net, pixels, np.arange(len(pixels)))
for node in network.nodes:
    verdict = check_node(node, stimulus, psum_bits=16)
    print(verdict.psums)
    for codes in verdict.next_codes:
        print(codes)
    if node.unlinked:
        print(f"{node.name}: {node.unlinked}")
    print(f"{node.name}: {verdict.width}")
    assert verdict.passed
