"""Convert checkpoints of the course's VGG, whose quantizers work on floats, to integer layers."""

from tilewright.recover.course.checkpoint import read_state
from tilewright.recover.course.network import CourseImport, import_course
from tilewright.recover.course.widths import Widths

__all__ = ["CourseImport", "Widths", "import_course", "read_state"]
