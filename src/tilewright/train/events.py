"""Events that a training reports while it runs. Nothing here prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

REPORT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training stands: `batch` of `batches` in `epoch` of `epochs` is done (both from 1).

    images_per_second: of this epoch. eta_seconds: expected time to the end. holdout_accuracy: 0..1,
    at the end of an epoch only.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    images_per_second: float
    eta_seconds: float
    holdout_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to the user, for example that a resumed run uses another thread count."""

    message: str


Listener = Callable[[Progress | Notice], None]


def ignore(_event: Progress | Notice) -> None:
    """A listener that does nothing."""


@dataclass(slots=True)
class Pace:
    """Measures the rate of one epoch and reports it now and then."""

    epoch: int
    epochs: int
    batches: int
    batch_size: int
    first_batch: int
    listener: Listener
    _started: float = field(default_factory=time.monotonic)
    _reported: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Time since this epoch began, or was resumed."""
        return time.monotonic() - self._started

    def images_per_second(self, batches_done: int) -> float:
        """Rate of this epoch."""
        return (batches_done - self.first_batch) * self.batch_size / max(self.seconds, 1e-9)

    def report(self, batches_done: int, holdout_accuracy: float | None = None) -> None:
        """Tell the listener, at most every half second unless an epoch has ended."""
        now = time.monotonic()
        if holdout_accuracy is None and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        rate = self.images_per_second(batches_done)
        batches_left = self.batches * (self.epochs - self.epoch) - batches_done
        self.listener(
            Progress(
                epoch=self.epoch + 1,
                epochs=self.epochs,
                batch=batches_done,
                batches=self.batches,
                images_per_second=rate,
                eta_seconds=batches_left * self.batch_size / rate if rate > 0 else 0.0,
                holdout_accuracy=holdout_accuracy,
            )
        )
