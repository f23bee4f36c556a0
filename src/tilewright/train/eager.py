"""Torch's optimizers without its compiler: they load it, for a second or more, only to be left out of it."""

from __future__ import annotations

from inspect import unwrap

import torch
from torch.optim import Optimizer


class Eager(Optimizer):
    """Methods as they are written, without what keeps the compiler away from them: nothing is compiled."""

    add_param_group = unwrap(Optimizer.add_param_group)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    state_dict = unwrap(Optimizer.state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)


class Sgd(Eager, torch.optim.SGD):
    """`torch.optim.SGD`."""

    step = torch.no_grad()(unwrap(torch.optim.SGD.step))


class AdamW(Eager, torch.optim.AdamW):
    """`torch.optim.AdamW`."""

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
