"""Proofs of our array, from its sources on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.prove.algebra import Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.confirm import Confirmation
from tilewright.prove.elaborate import elaborate
from tilewright.prove.proof import Prover
from tilewright.prove.verdict import Verdict
from tilewright.prove.words import Words
from tilewright.rtl import RTL_DIR

ARRAY_FILES = ("tw_pe.sv", "tw_array.sv")


def read_sources(folder: Path = RTL_DIR, files: tuple[str, ...] = ARRAY_FILES) -> dict[str, str]:
    """File names to contents; raises `ToolError` if one cannot be read."""
    try:
        return {file: (folder / file).read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToolError(f"the sources {', '.join(files)} must be in {folder}: {reason}") from None


def prove_array(sources: Mapping[str, str], job: ArrayJob, *, confirms: bool = True) -> Verdict:
    """Whether module tw_array of `sources` computes a job for all inputs.

    confirms: run a killing input in a simulator. Raises what `elaborate` raises.
    """
    netlist = elaborate(sources, top="tw_array", parameters=job.parameters)
    words = Words(Algebra())
    confirm = Confirmation(netlist, sources, job.parameters) if confirms else None
    return Prover(netlist, ArrayClaim(job, words), words, confirm=confirm).run()
