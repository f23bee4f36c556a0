import math
from dataclasses import replace

import pytest
import torch

from tilewright.train import Recipe
from tilewright.train.loss import compute_loss

LOGITS = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
LABELS = torch.tensor([0, 1])


def test_without_a_teacher_it_is_cross_entropy():
    loss = compute_loss(LOGITS, LABELS, Recipe(label_smoothing=0.0))
    assert float(loss) == pytest.approx((math.log(1 + math.exp(-2)) + math.log(2)) / 2)


def test_the_teachers_share_is_the_divergence_from_its_softened_opinion():
    """Temperature 2: the student says 1/(1+e^-1) for class 0, the teacher 1/2 in the first row."""
    recipe = Recipe(label_smoothing=0.0, teacher_weight=0.25, temperature=2.0)
    student = 1 / (1 + math.exp(-1))
    divergence = 0.5 * math.log(0.5 / student) + 0.5 * math.log(0.5 / (1 - student))
    alone = float(compute_loss(LOGITS, LABELS, recipe))
    mixed = compute_loss(LOGITS, LABELS, recipe, teacher_logits=[torch.zeros(2, 2)])
    assert float(mixed) == pytest.approx(0.75 * alone + 0.25 * 4 * divergence / 2)


def test_several_teachers_have_one_opinion_the_mean_of_their_probabilities():
    """Softened, one says 1/(1+e^-1) and the other 1/(1+e), which is 1/2 together."""
    recipe = Recipe(teacher_weight=1.0, temperature=2.0)
    even = compute_loss(LOGITS, LABELS, recipe, teacher_logits=[torch.zeros(2, 2)])
    both = compute_loss(LOGITS, LABELS, recipe, teacher_logits=[LOGITS, -LOGITS])
    assert float(both) == pytest.approx(float(even))


def test_a_teacher_of_the_same_opinion_adds_nothing():
    recipe = Recipe(teacher_weight=1.0)
    same = compute_loss(LOGITS, LABELS, recipe, teacher_logits=[LOGITS])
    assert float(same) == pytest.approx(0, abs=1e-7)
    other = compute_loss(LOGITS, LABELS, recipe, teacher_logits=[-LOGITS])
    assert float(other) > 0.1
    assert replace(recipe, teacher_weight=0.0).teacher_weight == 0
