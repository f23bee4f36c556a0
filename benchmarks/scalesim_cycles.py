"""Run SCALE-Sim 3.0.0 anew, on purpose: ``python benchmarks/scalesim_cycles.py --python PYTHON``.

PYTHON is the interpreter of an environment of its own, because SCALE-Sim fails with the numpy that we use:

    python -m venv DIR && DIR/bin/pip install scalesim==3.0.0 numpy==2.3.5

Writes ``tests/golden/scalesim/cycles.csv``: one line for each layer, array and dataflow, with the "Total
Cycles" that ``COMPUTE_REPORT.csv`` states and the stall cycles in it. SCALE-Sim has no column for
padding, so the table holds the padded plane, and one stride for both directions.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "tests" / "golden" / "scalesim" / "cycles.csv"
FIELDS = ("layer", "ih", "iw", "kh", "kw", "ic", "oc", "stride")
COLUMNS = (*FIELDS, "rows", "cols", "dataflow", "total_cycles", "stall_cycles")
TIMEOUT_S = 900

Layer = tuple[str, int, int, int, int, int, int, int]
"""Name, and the numbers that `FIELDS` name."""

LAYERS = (  # padded planes; channels that fill the lanes and such that do not; strides; 1xN kernels
    ("choke_w4a4", 6, 6, 3, 3, 8, 8, 1),
    ("choke_w4a2", 6, 6, 3, 3, 16, 16, 1),
    ("first_conv", 18, 18, 3, 3, 3, 16, 1),
    ("wide", 10, 10, 3, 3, 24, 40, 1),
    ("strided", 11, 9, 3, 3, 5, 7, 2),
    ("pointwise", 7, 5, 1, 1, 20, 12, 1),
    ("column_kernel", 9, 6, 3, 1, 6, 10, 1),
    ("classifier", 1, 1, 1, 1, 64, 10, 1),
)
ARRAYS = ((4, 4), (8, 8), (8, 16), (16, 8), (16, 16), (5, 7))
DATAFLOWS = ("ws", "os", "is")

_CONFIG = """[general]
run_name = run
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {cols}
IfmapSramSzkB: 1024
FilterSramSzkB: 1024
OfmapSramSzkB: 1024
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 10
Dataflow: {dataflow}
ReadRequestBuffer: 512
WriteRequestBuffer: 512
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def run_scalesim(
    python: str, layers: Sequence[Layer], rows: int, cols: int, dataflow: str
) -> Iterator[dict[str, Any]]:
    """`layers` on one array under one dataflow: a line of the table for each."""
    with tempfile.TemporaryDirectory() as folder:
        found = _report(python, Path(folder), layers, rows, cols, dataflow)
    for layer, row in zip(layers, found, strict=True):
        yield dict(zip(FIELDS, layer, strict=True)) | {
            "rows": rows,
            "cols": cols,
            "dataflow": dataflow,
            "total_cycles": int(float(row["Total Cycles"])),
            "stall_cycles": int(float(row["Stall Cycles"])),
        }


def _report(
    python: str, folder: Path, layers: Sequence[Layer], rows: int, cols: int, dataflow: str
) -> list[dict[str, str]]:
    (folder / "topology.csv").write_text(
        "name, ih, iw, kh, kw, ic, oc, stride,\n"
        + "".join(f"{', '.join(map(str, layer))},\n" for layer in layers)
    )
    (folder / "layout.csv").write_text("name,\n")  # it must exist, and is not used
    (folder / "scale.cfg").write_text(_CONFIG.format(rows=rows, cols=cols, dataflow=dataflow))
    command = [python, "-m", "scalesim.scale", "-c", "scale.cfg", "-t", "topology.csv"]
    command += ["-l", "layout.csv", "-p", "out", "-i", "conv"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    report = folder / "out" / "run" / "COMPUTE_REPORT.csv"
    if done.returncode != 0 or not report.is_file():
        raise SystemExit(f"SCALE-Sim failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    with report.open(newline="") as file:
        return [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)]


def main() -> None:
    """Run everything, then replace the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", required=True, help="interpreter that has scalesim 3.0.0")
    python = str(Path(parser.parse_args().python).absolute())
    lines = []
    for dataflow in DATAFLOWS:
        for rows, cols in ARRAYS:
            lines += run_scalesim(python, LAYERS, rows, cols, dataflow)
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    main()
