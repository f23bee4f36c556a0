"""Several processes that train one network, started by ``torchrun``.

Each takes its share of every batch. After the backward pass one sum over all processes makes gradients,
BatchNorm statistics, loss and count of recognized images the same everywhere, so all hold the same
weights after every step; the first process writes the files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from tilewright.errors import ConfigError, ToolError, TrainingError
from tilewright.store.artifact import sha256
from tilewright.train.norms import find_norms


@dataclass(frozen=True, slots=True)
class World:
    """This process is the `rank`-th (from 0) of `size`."""

    rank: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ConfigError(f"a rank must be 0..{self.size - 1}, not {self.rank}")

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def check_batch(self, size: int) -> None:
        """Raise `ConfigError` unless a batch divides into equal shares of 2 or more images."""
        if size % self.size or size // self.size < 2:
            raise ConfigError(
                f"batch_size must be a multiple of the {self.size} processes, with 2 images or more "
                f"for each (BatchNorm), not {size}"
            )

    @torch.no_grad()
    def share_step(self, model: nn.Module, loss: Tensor, correct: Tensor) -> tuple[Tensor, Tensor]:
        """Average gradients and BatchNorm statistics of `model` over the processes, in place.

        Returns the mean loss and the sum of `correct`, float32 scalars. Alone, changes nothing.
        """
        if self.size == 1:
            return loss, correct
        parts = [p.grad for p in model.parameters() if p.grad is not None]
        parts += _statistics(model)
        numbers = [*(part.reshape(-1) for part in parts), loss.reshape(1), correct.reshape(1)]
        flat = torch.cat(numbers)
        distributed.all_reduce(flat)
        flat[:-1] /= self.size
        place = 0
        for part in parts:
            part.copy_(flat[place : place + part.numel()].view_as(part))
            place += part.numel()
        return flat[-2], flat[-1]

    def check_agreement(self, model: nn.Module) -> None:
        """Raise `TrainingError` unless every process holds the same parameters, bit for bit."""
        if self.size == 1:
            return
        hashes: list[str | None] = [None] * self.size
        content = b"".join(p.detach().cpu().numpy().tobytes() for p in model.parameters())
        distributed.all_gather_object(hashes, sha256(content))
        if len(set(hashes)) > 1:
            raise TrainingError(
                f"all processes must hold the same weights, but the hashes are {hashes}: start them "
                "with the same settings on machines of one kind"
            )

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.size > 1:
            distributed.barrier()


def join_world(device: str) -> World:
    """The processes that ``torchrun`` started together with this one; this one alone without it.

    Raises `ToolError` if they do not find each other.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not distributed.is_initialized():
        try:
            distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
        except (RuntimeError, ValueError) as error:
            raise ToolError(f"the {size} processes do not find each other: {error}") from None
    return World(distributed.get_rank(), size)


def _statistics(model: nn.Module) -> list[Tensor]:
    norms = find_norms(model).values()
    found = [statistic for norm in norms for statistic in (norm.running_mean, norm.running_var)]
    return [statistic for statistic in found if statistic is not None]
