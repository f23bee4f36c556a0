"""How a network is trained: plain values, their meaning, and what they set in the optimizer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from tilewright.data import AUGMENTATIONS, Augmentation
from tilewright.data.augmentation import CROP_PADDING
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.train.eager import AdamW, Sgd
from tilewright.train.muon import Muon

OptimizerName = Literal["sgd", "muon", "adamw"]
Selection = Literal["best", "last"]
Decay = Literal["weights", "weights_and_steps", "all_but_steps", "all"]
Trains = Literal["all", "chokepoint"]
RateSchedule = Literal["cosine", "constant"]

QUANTIZER_NAMES = ("act_quantizer", "weight_quantizer")
"""What the parts of a layer are called whose parameters are steps, or clipping bounds."""
WEIGHT_STEP = "weight_quantizer.step"
"""How the names of the steps of weights end."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Values of one training; the defaults suit the bundled digits.

    lr: peak rate of weights and BatchNorm; step_lr: peak rate of the quantizers' steps. The rate
    rises linearly over `warmup_epochs`; then, by `schedule`, it falls to 0 on a "cosine", or stays
    "constant", for moving averages. optimizer: "sgd" (Nesterov, momentum 0.9), "muon" (for the kernels
    of convolutions, "sgd" for the rest) or "adamw". angle_lr: peak rate of the kernels with "muon": how
    far a step turns one, in 0..1 (see `Muon`).

    augmentation: "none", "crop", "crop_flip" or "crop_alternate" (no flip for digits: a
    mirrored digit is not a digit). crop_shift: the largest shift of a crop in pixels, 0..4. cutout: edge in
    pixels, 0..32, of a square set to 0 in each augmented image. The last, incomplete batch of an epoch is
    left out.

    teacher_weight, temperature: weight of the teacher's outputs, 0..1, and how much they are softened (see
    `compute_loss`); without a teacher they do nothing. ema_decay: what an epoch hands in is the
    exponential moving average of the weights, which keeps this fraction of itself in each step; 0:
    the weights themselves. norm_images: BatchNorm statistics are estimated anew from so many training
    images, augmented as in the epoch, for the network that is judged; 0: the running ones. selection: which
    weights are the result, those of the epoch that was "best" on the hold-out or of the "last".
    is_bfloat16: convolutions of a float network run in bfloat16 where the processor has it.

    momentum, is_nesterov: of "sgd". decay: what weight_decay applies to: "weights" alone;
    "weights_and_steps", the steps of weights as fast as the weights, so that decay changes no code;
    "all_but_steps" (BatchNorm too) or "all", which the course notebooks do. trains: "all", or
    the "chokepoint" alone, with the path around it, while the rest stays as it was started from.
    resizes_start: tensors of another shape are taken from the start where they overlap; else they
    stay fresh. fits_steps: steps of weights that are taken from the start are fitted to them.
    """

    epochs: int = 40
    batch_size: int = 64
    optimizer: OptimizerName = "sgd"
    lr: float = 0.05
    step_lr: float = 0.0125
    angle_lr: float = 0.015
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    warmup_epochs: float = 2.0
    schedule: RateSchedule = "cosine"
    augmentation: Augmentation = "crop"
    crop_shift: int = CROP_PADDING
    cutout: int = 0
    seed: int = 0
    momentum: float = 0.9
    is_nesterov: bool = True
    decay: Decay = "weights"
    trains: Trains = "all"
    resizes_start: bool = True
    fits_steps: bool = False
    teacher_weight: float = 0.5
    temperature: float = 2.0
    ema_decay: float = 0.0
    norm_images: int = 0
    selection: Selection = "best"
    is_bfloat16: bool = True

    def __post_init__(self) -> None:
        _expect_name("optimizer", self.optimizer, get_args(OptimizerName))
        _expect_name("augmentation", self.augmentation, AUGMENTATIONS)
        _expect_name("selection", self.selection, get_args(Selection))
        _expect_name("schedule", self.schedule, get_args(RateSchedule))
        _expect_name("decay", self.decay, get_args(Decay))
        _expect_name("trains", self.trains, get_args(Trains))
        _expect("epochs", self.epochs, self.epochs >= 1, "at least 1")
        _expect("batch_size", self.batch_size, self.batch_size >= 2, "at least 2 (BatchNorm)")
        _expect("lr", self.lr, 0 < self.lr < math.inf, "positive and finite")
        _expect("step_lr", self.step_lr, 0 <= self.step_lr < math.inf, "at least 0 and finite")
        _expect("angle_lr", self.angle_lr, 0 < self.angle_lr < 1, "in 0..1, ends excluded")
        _expect(
            "weight_decay", self.weight_decay, 0 <= self.weight_decay < 1, "in 0..1, 1 excluded"
        )
        is_inside = 0 <= self.crop_shift <= CROP_PADDING
        _expect("crop_shift", self.crop_shift, is_inside, f"in 0..{CROP_PADDING}")
        _expect("cutout", self.cutout, 0 <= self.cutout <= 32, "in 0..32")
        smoothing = self.label_smoothing
        _expect("label_smoothing", smoothing, 0 <= smoothing < 1, "in 0..1, 1 excluded")
        warmup = self.warmup_epochs
        _expect(
            "warmup_epochs", warmup, 0 <= warmup <= self.epochs, f"in 0..{self.epochs} (epochs)"
        )
        weight = self.teacher_weight
        _expect("teacher_weight", weight, 0 <= weight <= 1, "in 0..1")
        heat = self.temperature
        _expect("temperature", heat, 0 < heat < math.inf, "positive and finite")
        _expect("ema_decay", self.ema_decay, 0 <= self.ema_decay < 1, "in 0..1, 1 excluded")
        least = 1 if self.ema_decay > 0 else 0
        is_enough = self.norm_images >= least
        reason = " where weights are averaged: the running statistics are not theirs" * least
        _expect("norm_images", self.norm_images, is_enough, f"at least {least}{reason}")
        _expect("momentum", self.momentum, 0 <= self.momentum < 1, "in 0..1, 1 excluded")
        _expect(
            "momentum",
            self.momentum,
            self.momentum > 0 or not self.is_nesterov,
            "positive for Nesterov",
        )
        is_free = self.decay != "weights_and_steps" or self.step_lr > 0
        _expect("step_lr", self.step_lr, is_free, "positive where steps decay with their weights")
        is_kept = self.optimizer == "muon" and self.decay == "weights_and_steps"
        requirement = "another one with muon (which keeps the length of weights)"
        _expect("decay", self.decay, not is_kept, requirement)
        _expect("seed", self.seed, 0 <= self.seed < 2**63, "in 0..2**63 - 1")

    def rate_factor(self, epochs_done: float) -> float:
        """The rate, as a fraction of its peak, after so many epochs (fractions count)."""
        if epochs_done < self.warmup_epochs:
            return epochs_done / self.warmup_epochs
        if self.schedule == "constant":
            return 1.0
        falling = max(self.epochs - self.warmup_epochs, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min((epochs_done - self.warmup_epochs) / falling, 1)))


def _is_of_quantizer(parameter: str) -> bool:
    """Whether a parameter with this name is a learned step, or a clipping bound."""
    return any(part in QUANTIZER_NAMES for part in parameter.split("."))


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimizer, with one group each for weights, BatchNorm and steps; rates are set by `set_rates`."""
    weights: list[nn.Parameter] = []
    kernels: list[nn.Parameter] = []
    norms: list[nn.Parameter] = []
    steps: list[nn.Parameter] = []
    weight_steps: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if recipe.decay == "weights_and_steps" and name.endswith(WEIGHT_STEP):
            weight_steps.append(parameter)
        elif _is_of_quantizer(name):
            steps.append(parameter)
        elif recipe.optimizer == "muon" and parameter.ndim == 4:
            kernels.append(parameter)
        else:
            (weights if parameter.ndim > 1 else norms).append(parameter)
    decay = recipe.weight_decay
    norm_decay = decay if recipe.decay in ("all_but_steps", "all") else 0.0
    step_decay = decay if recipe.decay == "all" else 0.0
    groups = [
        {"params": weights, "peak_lr": recipe.lr, "weight_decay": decay},
        {"params": norms, "peak_lr": recipe.lr, "weight_decay": norm_decay},
        {"params": steps, "peak_lr": recipe.step_lr, "weight_decay": step_decay},
    ]
    if weight_steps:
        as_fast = decay * recipe.lr / recipe.step_lr
        groups.append({"params": weight_steps, "peak_lr": recipe.step_lr, "weight_decay": as_fast})
    if kernels:
        groups.append({"params": kernels, "peak_lr": recipe.angle_lr, "is_orthogonal": True})
    if recipe.optimizer == "adamw":
        return AdamW(groups, lr=recipe.lr)
    kind = Muon if recipe.optimizer == "muon" else Sgd
    return kind(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.is_nesterov)


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set the rate of every group to `factor` times its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor


def _expect(name: str, found: float | str, is_valid: bool, requirement: str) -> None:
    if not is_valid:
        raise ConfigError(f"{name} must be {requirement}, not {found}")


def _expect_name(kind: str, found: str, valid: tuple[str, ...]) -> None:
    if found not in valid:
        raise UnknownNameError(f"there is no {kind} {found!r}: valid names are {', '.join(valid)}")
