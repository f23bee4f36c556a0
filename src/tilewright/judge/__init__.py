"""Judge what any core left: read it in any form, say where it differs from the reference, and why."""

from tilewright.judge.compare import Comparison, Difference, compare
from tilewright.judge.dump import DUMP_AXES, Dump, FilePlace, dump_shape
from tilewright.judge.operands import Operands, expected_numbers, read_operands
from tilewright.judge.reading import read_dump, read_dumps

__all__ = [
    "DUMP_AXES",
    "Comparison",
    "Difference",
    "Dump",
    "FilePlace",
    "Operands",
    "compare",
    "dump_shape",
    "expected_numbers",
    "read_dump",
    "read_dumps",
    "read_operands",
]
