"""Monitor: writes down what the core does, and judges nothing."""

from dataclasses import dataclass, field
from typing import Any

from cocotb.triggers import FallingEdge


@dataclass(frozen=True)
class Result:
    """One word put out. All are bits, the highest first; a bit may be "X"."""

    address: str
    psums: str
    outputs: str


@dataclass
class Record:
    """What happened in a job: its busy cycles, its results, its vectors with a sum that does not fit."""

    cycles: int = 0
    results: list[Result] = field(default_factory=list)
    overflows: int = 0


class Monitor:
    """Looks at the core on each falling edge, once in every cycle, after everything has settled."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._record = Record()

    async def watch(self) -> None:
        """For ever: note a result in each cycle in which it is valid and is taken."""
        dut = self._dut
        while True:
            await FallingEdge(dut.clk_i)
            if dut.busy_o.value != 1:
                continue
            self._record.cycles += 1
            self._record.overflows += str(dut.overflow_o.value) != "00"
            if dut.out_valid_o.value == 1 and dut.out_ready_i.value == 1:
                words = dut.out_addr_o, dut.out_psum_o, dut.out_data_o
                self._record.results.append(Result(*(str(word.value) for word in words)))

    def take(self) -> Record:
        """What has been noted since the last call."""
        record, self._record = self._record, Record()
        return record
