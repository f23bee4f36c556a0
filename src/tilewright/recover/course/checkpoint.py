"""The tensors in a foreign ``.pth.tar``, read without executing what the file says."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright.errors import ArtifactError

State = dict[str, Tensor]
DATA_PARALLEL = "module."
"""What `nn.DataParallel` puts before every name."""


def read_state(path: Path) -> State:
    """Tensors by name, from a file that `torch.save` wrote: a state dict, or a dict that holds one as
    ``state_dict``.

    Only tensors and plain values are read (`weights_only`). Raises `ArtifactError` if the file is
    missing, damaged, holds anything that would have to be executed, or no tensors.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} must be a checkpoint, but there is no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what it then refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ArtifactError(
            f"{path} must hold tensors and plain values only, but holds something else, which is "
            f"not executed: {_first_line(error)}"
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, AttributeError) as error:
        raise ArtifactError(f"{path} is no checkpoint, or damaged: {_first_line(error)}") from None
    return _tensors(content, path)


def _tensors(content: Any, path: Path) -> State:
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise ArtifactError(
            f"{path} must hold a dict of tensors, but holds {type(content).__name__}"
        )
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise ArtifactError(f"{path} must hold a dict of tensors, but has none: give a checkpoint")
    if all(name.startswith(DATA_PARALLEL) for name in state):
        state = {name.removeprefix(DATA_PARALLEL): value for name, value in state.items()}
    for name, value in state.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ArtifactError(f"{path}: {name} must be finite, but holds NaN or infinity")
    return state


def _first_line(error: Exception) -> str:
    """The cause in torch's words, without its advice how to execute the file after all."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(("WeightsUnpickler error", "Unsupported"))]
    return (causes or lines or [type(error).__name__])[0][:160]
