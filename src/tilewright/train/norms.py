"""The BatchNorms of a network, whose statistics a training moves."""

from __future__ import annotations

from torch import nn

Norm = nn.BatchNorm1d | nn.BatchNorm2d


def find_norms(model: nn.Module) -> dict[str, Norm]:
    """Every BatchNorm of `model` by name, in the order of its modules."""
    return {name: part for name, part in model.named_modules() if isinstance(part, Norm)}
