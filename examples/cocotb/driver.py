"""Driver: moves the inputs of the core, and holds no expected values.

Inputs change on the falling edge of the clock, half a cycle before the core samples them; the ready
inputs change 1 ns after the rising edge, so that they are settled where the monitor looks.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge, Timer

READY = ("xmem_ready", "wmem_ready", "pmem_ready", "out_ready")
"""The ready inputs, in the order of the bytes of a random word."""


class Driver:
    """The host: resets the core, loads its memories, starts jobs, reads PMEM."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut

    async def reset(self, descriptor: int) -> None:
        """Give every input a value, reset for three cycles, state mode and layer."""
        idle = ("start", "xmem_we", "xmem_addr", "xmem_data", "wmem_we", "wmem_addr", "wmem_data")
        self._set(dict.fromkeys((*idle, "pmem_addr"), 0) | {"layer": descriptor})
        self._dut.rst_ni.value = 0
        await self._cycles(3)
        self._dut.rst_ni.value = 1
        await self._cycles(1)

    async def load(self, memory: str, words: Iterable[int]) -> None:
        """Write `words` to "xmem" or "wmem" from address 0 on, one in each cycle."""
        for address, word in enumerate(words):
            self._set({f"{memory}_we": 1, f"{memory}_addr": address, f"{memory}_data": word})
            await self._cycles(1)
        self._set({f"{memory}_we": 0})

    async def run_job(self, max_cycles: int) -> bool:
        """Start a job and wait for its end; False if there is none after `max_cycles`."""
        self._set({"start": 1})
        await self._cycles(1)
        self._set({"start": 0})
        for _ in range(max_cycles):
            if self._dut.done_o.value == 1:
                return True
            await self._cycles(1)
        return False

    async def read_pmem(self, count: int) -> Sequence[str]:
        """The first `count` words of PMEM, as bits; only while the core is idle."""
        words = []
        for address in range(count):
            self._set({"pmem_addr": address})
            await self._cycles(1)
            words.append(str(self._dut.pmem_data_o.value))
        return words

    def _set(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            getattr(self._dut, f"{name}_i").value = value

    async def _cycles(self, count: int) -> None:
        for _ in range(count):
            await FallingEdge(self._dut.clk_i)


async def drive_ready(dut: Any, level: int, seed: int) -> None:
    """For ever: in each busy cycle each ready input is low with probability `level` / 256.

    The sequence is that of docs/dataflows.md: it starts anew, from `seed`, with each job. So the
    cycles of a job equal those of our SystemVerilog bench and of the model with the same stalls.
    """
    random = seed
    while True:
        is_stalling = level > 0 and dut.busy_o.value == 1
        random = xorshift(random) if is_stalling else seed
        for byte, name in enumerate(READY):
            is_ready = not is_stalling or (random >> (8 * byte)) & 0xFF >= level
            getattr(dut, f"{name}_i").value = int(is_ready)
        await RisingEdge(dut.clk_i)
        await Timer(1, "ns")


def xorshift(state: int) -> int:
    """The word after `state`: 32 bits, never 0 unless `state` is."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ ((state << 5) & 0xFFFFFFFF)
