"""Muon: steps of orthogonalized momentum, for the weights of convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tilewright.quant.engines import has_fast_bfloat16
from tilewright.train.eager import Sgd

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration, as its source chose them: fast, and singular values near 1 are enough."""
ROUNDS = 5
TINY = 1e-7
WIDE, WIDE_FAST = 2, 5
"""Columns for each row from which on a CPU computes the rounds on the square product: by counting products,
where float32 is as fast as anything, and where bfloat16 is twice as fast."""


class Muon(Sgd):
    """SGD, except in groups with ``is_orthogonal``: there a step is the orthogonalized momentum.

    A weight ``oc ic kh kw`` is a matrix ``oc ic*kh*kw``. Its step is ``lr`` times as long as the weight, and
    then the weight gets its old length again: a BatchNorm behind it undoes any length, and the steps of
    quantizers stay right for it. So ``lr`` is about the angle that a weight turns, and weight decay would
    do nothing.

    Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024; that lengths are
    kept is from his speed runs on CIFAR-10.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of every parameter that has a gradient; those of orthogonal groups are used up."""
        for group in self.param_groups:
            if group.get("is_orthogonal", False):
                for weight in group["params"]:
                    if weight.grad is not None:
                        self._turn(weight, group)
        loss: float | None = super().step(closure)
        return loss

    def _turn(self, weight: Tensor, group: dict[str, Any]) -> None:
        gradient, weight.grad = weight.grad, None  # SGD leaves it alone then
        assert gradient is not None, "the caller has looked"  # noqa: S101
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - group["momentum"])
        direction = gradient.lerp(momentum, group["momentum"]) if group["nesterov"] else momentum
        turn = orthogonalize(direction.flatten(1)).view_as(weight)
        length = torch.linalg.vector_norm(weight)
        weight.sub_(turn * (group["lr"] * length / torch.linalg.vector_norm(turn).clamp_min(TINY)))
        weight.mul_(length / torch.linalg.vector_norm(weight).clamp_min(TINY))


def orthogonalize(matrix: Tensor) -> Tensor:
    """The matrix with the singular vectors of `matrix`, and singular values of about 0.7 to 1.2 for all.

    The smallest stay below: five rounds lift what is 1/1000 of the length to 0.5. In bfloat16, as its
    source does, where that is fast and no way of fewer products is. A matrix of zeros stays one.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalize(matrix.T).T
    is_on_cpu = matrix.device.type == "cpu"
    is_fast = not is_on_cpu or has_fast_bfloat16()
    x = matrix / torch.linalg.vector_norm(matrix).clamp_min(TINY)
    if is_on_cpu and matrix.shape[1] >= matrix.shape[0] * (WIDE_FAST if is_fast else WIDE):
        wide: Tensor = _turn_of(x @ x.T) @ x
        return wide
    x = x.to(torch.bfloat16) if is_fast else x
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    result: Tensor = x.to(matrix.dtype)
    return result


def _turn_of(gram: Tensor) -> Tensor:
    """What all rounds together multiply a matrix with, from its product with its transpose, in float32.

    Every round's factor is a polynomial of the first product, so they commute, and the next round's product
    is ``factor * gram * factor``. bfloat16 would do harm: a product could have a negative eigenvalue, which
    rounds blow up, and all factors together are up to 500 times larger for one direction than for another.
    """
    a, b, c = COEFFICIENTS
    turn = None
    for number in range(ROUNDS):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        turn = factor if turn is None else factor @ turn
        if number + 1 < ROUNDS:
            gram = factor @ gram @ factor
    assert turn is not None, "there are rounds"  # noqa: S101
    return turn
