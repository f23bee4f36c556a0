"""The bench: one layer through `tw_core`, one job for each output tile.

    model.py    what to load and what to expect     --> driver, checker
    driver.py   inputs of the core, random stalls   --> core
    monitor.py  what the core puts out              <-- core
    checker.py  expected == actual?                 <-- model, monitor

`run.py` builds the core and starts this module inside the simulator, with the plusargs bundle=PATH,
stall=LEVEL and stall_seed=N (cocotb keeps seed=N for itself). To try a core of your own, give
`run.py` its sources and keep our ports, or rewrite `driver.py` and `monitor.py` for yours: model and
checker stay.
"""

from pathlib import Path
from typing import Any

import cocotb
from checker import Checker
from cocotb.clock import Clock
from driver import Driver, drive_ready
from model import read_layer
from monitor import Monitor


@cocotb.test()
async def layer_is_exact(dut: Any) -> None:
    """Every psum and output that the core puts out, and every psum in PMEM, is the bundle's."""
    layer = read_layer(Path(str(cocotb.plusargs["bundle"])))
    stall, seed = int(cocotb.plusargs["stall"]), int(cocotb.plusargs["stall_seed"])
    driver, monitor, checker = Driver(dut), Monitor(dut), Checker(layer)

    Clock(dut.clk_i, 10, unit="ns").start(start_high=False)
    cocotb.start_soon(drive_ready(dut, stall, seed))
    await driver.reset(layer.descriptor)
    cocotb.start_soon(monitor.watch())

    cycles = 0
    await driver.load("xmem", layer.activations)
    for job in layer.jobs:
        await driver.load("wmem", job.weights)
        if not await driver.run_job(layer.max_cycles * (50 if stall else 1)):
            checker.fault(f"otile={job.otile}: the job did not end")
            break
        record = monitor.take()
        checker.check_job(job, record, await driver.read_pmem(len(job.psums)))
        cycles += record.cycles

    print(f"{checker.summary()}; {len(layer.jobs)} jobs, {cycles} cycles", flush=True)
    assert checker.is_exact, checker.summary()
