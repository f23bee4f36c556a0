"""Freeze a part of a network while the rest is trained."""

from __future__ import annotations

from torch import nn

from tilewright.errors import ConfigError
from tilewright.models import ModelSpec, name_frozen
from tilewright.train.norms import find_norms


def freeze(model: nn.Module, spec: ModelSpec) -> tuple[nn.Module, ...]:
    """Freeze all but the chokepoint of `model` and the path around it; returns the frozen BatchNorms.

    Raises `ConfigError` if there is no chokepoint.
    """
    names = set(name_frozen(model, spec))
    if not names:
        raise ConfigError("train.trains = 'chokepoint' needs a chokepoint: set model.choke_width")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in names)
    return tuple(norm for name, norm in find_norms(model).items() if f"{name}.weight" in names)


def set_train_mode(model: nn.Module, frozen: tuple[nn.Module, ...]) -> None:
    """Training mode, in which the `frozen` BatchNorms keep their statistics."""
    model.train()
    for norm in frozen:
        norm.eval()
