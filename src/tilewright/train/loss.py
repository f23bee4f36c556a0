"""What a training minimizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from tilewright.train.recipe import Recipe


def compute_loss(
    logits: Tensor, labels: Tensor, recipe: Recipe, *, teacher_logits: Sequence[Tensor] = ()
) -> Tensor:
    """Cross-entropy with the labels, mixed with the mean of the teachers' softened outputs if there are any.

    ``(1 - w) * CE + w * T**2 * KL(softmax(teacher / T) || softmax(logits / T))`` with w the recipe's
    `teacher_weight` and T its `temperature` (Hinton et al., Distilling the Knowledge in a Neural
    Network, 2015, section 2); of several teachers, the mean of their softened probabilities. logits,
    each of teacher_logits: float32 ``n classes``; labels: int64 ``n``.
    """
    loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if not teacher_logits:
        return loss
    heat = recipe.temperature
    opinions = torch.stack([functional.log_softmax(one / heat, dim=1) for one in teacher_logits])
    divergence = functional.kl_div(
        functional.log_softmax(logits / heat, dim=1),
        opinions.logsumexp(0) - math.log(len(teacher_logits)),
        reduction="batchmean",
        log_target=True,
    )
    return (1 - recipe.teacher_weight) * loss + recipe.teacher_weight * heat**2 * divergence
