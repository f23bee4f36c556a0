"""What a training minimizes."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from tilewright.train.recipe import Recipe


def compute_loss(
    logits: Tensor, labels: Tensor, recipe: Recipe, *, teacher_logits: Tensor | None = None
) -> Tensor:
    """Cross-entropy with the labels, mixed with the teacher's opinion where there is a teacher.

    ``(1 - w) * CE + w * T**2 * KL(softmax(teacher / T) || softmax(logits / T))`` with w the recipe's
    `teacher_weight` and T its `temperature` (Hinton et al., Distilling the Knowledge in a Neural
    Network, 2015, section 2). logits, teacher_logits: float32 ``n classes``; labels: int64 ``n``.
    """
    loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if teacher_logits is None:
        return loss
    heat = recipe.temperature
    divergence = functional.kl_div(
        functional.log_softmax(logits / heat, dim=1),
        functional.log_softmax(teacher_logits / heat, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return (1 - recipe.teacher_weight) * loss + recipe.teacher_weight * heat**2 * divergence
