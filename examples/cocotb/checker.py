"""Checker: integers against integers, with ==. It counts, and names the place of a mismatch."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from model import Job, Layer
from monitor import Record

MAX_REPORTS = 20
KINDS = ("psum", "output", "stored")  # put out by the core, put out by the core, left in PMEM


class Checker:
    """Judges the jobs of `layer`, one after the other."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._compared: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._faults = 0
        self._reports = 0

    def check_job(self, job: Job, record: Record, stored: Sequence[str]) -> None:
        """Compare what was put out, each address exactly once, and what PMEM holds."""
        taken: set[int] = set()
        for result in record.results:
            address = int(result.address, 2) if set(result.address) <= set("01") else -1
            if address in taken or not 0 <= address < len(job.psums):
                self.fault(f"otile={job.otile}: address {result.address} twice or beyond the job")
                continue
            taken.add(address)
            self._compare("psum", job, address, job.psums[address], result.psums)
            self._compare("output", job, address, job.outputs[address], result.outputs)
        for address, word in enumerate(stored):
            self._compare("stored", job, address, job.psums[address], word)
        if len(taken) != len(job.psums):
            self.fault(f"otile={job.otile}: {len(taken)} of {len(job.psums)} words put out")
        if record.overflows:
            self.fault(
                f"otile={job.otile}: {record.overflows} vectors with a sum that does not fit"
            )

    def fault(self, text: str) -> None:
        """The core did something that it must not do."""
        self._faults += 1
        self._report(f"fault {text}")

    @property
    def is_exact(self) -> bool:
        """Whether every value was compared and nothing differed."""
        complete = all(self._compared[kind] == self._layer.values for kind in KINDS)
        return complete and not self._wrong.total() and not self._faults

    def summary(self) -> str:
        """The counts: values equal, of values that the layer has."""
        counts = [
            f"{kind} {self._compared[kind] - self._wrong[kind]} of {self._layer.values} equal"
            for kind in KINDS
        ]
        return ", ".join([*counts, f"{self._faults} faults"])

    def _compare(
        self, kind: str, job: Job, onij: int, expected: npt.NDArray[np.int64], word: str
    ) -> None:
        """One word, lane by lane; `expected` is ``col``. Lanes without a channel are left out."""
        first = job.otile * self._layer.cols
        for col in range(min(self._layer.cols, self._layer.channels - first)):
            actual = lane(word, col, self._layer.psum_bits)
            self._compared[kind] += 1
            if actual != expected[col]:
                self._wrong[kind] += 1
                oh, ow = divmod(onij, self._layer.ofmap[1])
                place = (
                    f"oc={first + col} oh={oh} ow={ow} (otile={job.otile} onij={onij} col={col})"
                )
                self._report(f"mismatch {kind} {place}: expected {expected[col]}, actual {actual}")

    def _report(self, line: str) -> None:
        if self._reports < MAX_REPORTS:
            print(line, flush=True)
        self._reports += 1


def lane(word: str, col: int, bits: int) -> int | str:
    """Field `col` of a word, column 0 rightmost, as a signed number; bits with X stay text."""
    field = word[len(word) - (col + 1) * bits : len(word) - col * bits]
    if not set(field) <= set("01"):
        return field
    return int(field, 2) - (int(field[0]) << bits)
