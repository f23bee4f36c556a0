"""SkipBlock: a path around the chokepoint that exists in training only and is absent at inference."""

from __future__ import annotations

from torch import Tensor, nn

from tilewright.models.layers import addition, convolution
from tilewright.models.model_spec import SKIP_LAYER, ModelSpec


class SkipPath(nn.Module):
    """One convolution, BatchNorm and ReLU from before the chokepoint, added to what comes out of it.

    Described is a parallel quantized convolution 256 -> 512 with BatchNorm and ReLU, joined by a
    residual addition behind the transition to 512, and a training in three phases:

    1. the network without chokepoint and path (``choke_width = None``);
    2. both inserted, the rest frozen (``skip = "trained"``, and `name_frozen`);
    3. the quantized chokepoint alone (``skip = "none"``, started from phase 2): the path is left out, as
       at inference.

    Not described, and chosen here: the kernel is 3x3 on the pooled map that the chokepoint reads, so
    both branches have one size; the addition is `QuantAdd`'s, of 8-bit codes, behind the ReLU; the
    chokepoint has the bits of the spec in both phases; the layers around it keep their names in every
    phase, so that each phase starts from the last by name, and "disabled" means absent.
    """

    def __init__(self, spec: ModelSpec, channels: int, width: int) -> None:
        super().__init__()
        self.conv = convolution(spec, SKIP_LAYER, channels, width)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.add = addition(spec)

    def forward(self, x: Tensor, around: Tensor) -> Tensor:
        """`x`, the chokepoint's output, plus the path's from its input `around`."""
        joined: Tensor = self.add(x, self.relu(self.bn(self.conv(around))))
        return joined


def name_frozen(model: nn.Module, spec: ModelSpec) -> tuple[str, ...]:
    """Names of the parameters that the second and third phase leave as they are: all but the
    chokepoint's and the path's.

    Freezing them means no gradient and no weight decay; the BatchNorms among them must also be in
    evaluation mode, or their running statistics move. Empty without a chokepoint.

    >>> from tilewright.models import build
    >>> spec = ModelSpec("vgg_tiny", 4, 4, choke_width=8)
    >>> [name for name in name_frozen(build(spec), spec) if name.startswith("features.8")]
    ['features.8.weight', 'features.8.act_quantizer.step', 'features.8.weight_quantizer.step']
    """
    if not spec.choke_layers:
        return ()
    first, *_, last = (int(name.rpartition(".")[2]) for name in spec.choke_layers)
    trained = [f"features.{index}." for index in range(first, last + 2)]  # to the last BatchNorm
    prefixes = ("skip.", *trained)
    names = (name for name, _ in model.named_parameters())
    return tuple(name for name in names if not name.startswith(prefixes))
