"""The metrics of each epoch for TensorBoard, where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
NOT_CURVES = {"epoch", "seconds"}


def show_metrics(folder: Path, metrics: dict[str, Any]) -> bool:
    """Add the metrics of an epoch to ``folder/tensorboard``; False if TensorBoard is not installed.

    A run that is taken up again replaces the epochs that it repeats.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return False
    epoch = metrics["epoch"]
    with SummaryWriter(str(folder / FOLDER), purge_step=epoch) as writer:
        for name, value in metrics.items():
            if name not in NOT_CURVES:
                writer.add_scalar(name, value, epoch)
    return True
