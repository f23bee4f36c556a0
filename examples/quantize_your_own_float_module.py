"""A float module of torch's own layers, quantized, trained a little, and stated in integers."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tilewright.data.digits import read_digits
from tilewright.quant import quantize
from tilewright.recover import recover
from tilewright.verify import reference_psums


class Net(nn.Module):
    """A residual network with biases, functional operations and a mean over the map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.left, self.right = nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 16, 1, bias=False)
        self.head = nn.Linear(16, 10, bias=False)  # so that the largest psum is the prediction

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits ``n 10`` of images ``n 1 8 8``."""
        x = functional.relu(self.norm(self.stem(x)))
        x = functional.relu(self.left(x) + self.right(x))
        return self.head(x.mean((2, 3)))


images, digits = read_digits()
pixels = torch.tensor(images[:, None] * 15)  # uint8, 0..240
labels = torch.tensor(digits.astype("int64"))

torch.manual_seed(0)
net = quantize(
    Net(), weight_bits=4, act_bits=4, has_pixel_input=True, example=torch.zeros(1, 1, 8, 8)
)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
for batch in torch.randperm(len(pixels)).repeat(4).split(128):
    loss = functional.cross_entropy(net(pixels[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.2f}, chance {np.log(10):.2f}")

network, stimulus = recover(net, pixels[:32], np.arange(32))
for layer in network.layers:
    expected = reference_psums(stimulus.codes[layer.name], layer)
    found = stimulus.psums[layer.name]
    print(f"{layer.name}: {(expected == found).sum():,} of {found.size:,} psums equal")
    assert (expected == found).all()
