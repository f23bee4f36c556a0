"""What is proved about the RTL, and how large it is: questions for yosys (extra ``formal``)."""

from tilewright.formal.equivalence import prove_equivalent
from tilewright.formal.yosys import has_yosys, run_yosys

__all__ = ["has_yosys", "prove_equivalent", "run_yosys"]
