"""The metrics of each epoch for TensorBoard, where it is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
NOT_CURVES = {"epoch", "seconds"}


def show_metrics(folder: Path, metrics: dict[str, Any]) -> bool:
    """Add the metrics of an epoch to ``folder/tensorboard``; False if TensorBoard is not installed.

    A run that is taken up again replaces the epochs that it repeats.
    """
    summary_writer, epoch = find_writer(), metrics["epoch"]
    if summary_writer is None:
        return False
    with summary_writer(str(folder / FOLDER), purge_step=epoch) as writer:
        for name, value in metrics.items():
            if name not in NOT_CURVES:
                writer.add_scalar(name, value, epoch)
    return True


@cache
def find_writer() -> Any:
    """TensorBoard's writer, or None; looked for once, before a training: an import later may lose Ctrl-C."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter
