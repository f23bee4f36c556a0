"""The tensors in a foreign ``.pth.tar``, read without executing what the file says."""

from __future__ import annotations

import argparse
import pathlib
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tilewright.errors import ArtifactError

State = dict[str, Tensor]
WRAPPERS = ("module.", "_orig_mod.", "model.", "net.")
"""What `nn.DataParallel`, `torch.compile` and training frameworks put before every name."""
PLAIN: tuple[Callable[..., Any] | tuple[Callable[..., Any], str], ...] = (
    np._core.multiarray.scalar,  # type: ignore[attr-defined]
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # type: ignore[attr-defined]
    np.dtype,
    *(type(np.dtype(letter)) for letter in "?bBhHiIlLqQefd"),
    argparse.Namespace,
    pathlib.PosixPath,
)
"""Beside tensors and what Python's own literals make: numbers of numpy, as a best accuracy is, and options
of a command. To make one of them runs nothing of the file."""


def read_state(path: Path) -> State:
    """Tensors by name, from a file that `torch.save` wrote: a state dict, or a dict that holds one, as
    ``state_dict`` or as its only dict of tensors. What wraps all names (`WRAPPERS`) is left out.

    Only tensors and plain values are read (`weights_only`). Raises `ArtifactError` if the file is
    missing, damaged, holds anything that would have to be executed, or no tensors.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} must be a checkpoint, but there is no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what it then refuses
            with torch.serialization.safe_globals(list(PLAIN)):
                content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ArtifactError(
            f"{path} must hold tensors and plain values only, but holds {_what_else(error)}, which is not "
            "executed: save net.state_dict() alone"
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, AttributeError) as error:
        raise ArtifactError(f"{path} is no checkpoint, or damaged: {_first_line(error)}") from None
    return _tensors(content, path)


def _tensors(content: Any, path: Path) -> State:
    if not isinstance(content, Mapping):
        raise ArtifactError(
            f"{path} must hold a dict of tensors, but holds {type(content).__name__}"
        )
    content = _state_dict(content, path)
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise ArtifactError(f"{path} must hold a dict of tensors, but has none: give a checkpoint")
    while wrapper := next((one for one in WRAPPERS if all(n.startswith(one) for n in state)), ""):
        state = {name.removeprefix(wrapper): value for name, value in state.items()}
    for name, value in state.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ArtifactError(f"{path}: {name} must be finite, but holds NaN or infinity")
    return state


def _state_dict(content: Mapping[Any, Any], path: Path) -> Mapping[Any, Any]:
    """The dict that has the weights: ``state_dict``, or the only one that holds some, or all."""
    if isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    found: dict[str, Mapping[Any, Any]] = {
        str(key): value
        for key, value in content.items()
        if isinstance(value, Mapping) and any(str(name).endswith("weight") for name in value)
    }
    if len(found) > 1:
        raise ArtifactError(
            f"{path} must hold one dict of weights, but holds {len(found)}, {', '.join(found)}: save the one "
            "that is meant alone"
        )
    return next(iter(found.values()), content)


def _what_else(error: Exception) -> str:
    """What torch did not unpickle, by its name."""
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    return named[1] if named else f"something else ({_first_line(error)})"


def _first_line(error: Exception) -> str:
    """The cause in torch's words, without its advice how to execute the file after all."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(("WeightsUnpickler error", "Unsupported"))]
    return (causes or lines or [type(error).__name__])[0][:160]
