"""Judge what any core left: read it in any form, say where it differs from the reference, and why."""

from tilewright.judge.compare import Comparison, Difference, compare
from tilewright.judge.dump import DUMP_AXES, Dump, FilePlace, dump_shape
from tilewright.judge.explanation import Explanation, explain
from tilewright.judge.heat import HeatMap, heat_maps
from tilewright.judge.operands import Operands, expected_numbers, read_operands
from tilewright.judge.page import write_page
from tilewright.judge.plain import PlainComparison, read_plain
from tilewright.judge.plain_causes import find_changes
from tilewright.judge.probes import write_probe
from tilewright.judge.reading import read_dump, read_dumps
from tilewright.waves import Sampling

__all__ = [
    "DUMP_AXES",
    "Comparison",
    "Difference",
    "Dump",
    "Explanation",
    "FilePlace",
    "HeatMap",
    "Operands",
    "PlainComparison",
    "Sampling",
    "compare",
    "dump_shape",
    "expected_numbers",
    "explain",
    "find_changes",
    "heat_maps",
    "read_dump",
    "read_dumps",
    "read_operands",
    "read_plain",
    "write_page",
    "write_probe",
]
