"""Model: what a bundle says about the core. Words to load, numbers to expect, and no simulator.

The words are the lines of the text files, as any testbench reads them. The numbers come from
`decode_bundle`, by another road: a line that is read wrongly does not also shift what is expected.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.cores import Setup
from tilewright.cores.run_list import BenchRun, check_runnable, descriptor_of, parameters
from tilewright.tile import tile_psums
from tilewright.vectors import Bundle, decode_bundle, read_bundle
from tilewright.verify import reference_outputs


@dataclass(frozen=True)
class Job:
    """One output tile, which is one start of the core.

    weights: words of WMEM, by address. psums, outputs: int64 ``onij col``, signed.
    """

    otile: int
    weights: list[int]
    psums: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """A layer on the core.

    parameters: of module ``tw_core``. descriptor: what its ``layer_i`` takes.
    activations: words of XMEM, by address. channels: oc. ofmap: oh, ow. cols, psum_bits: lanes of a
    result, and bits of a lane. max_cycles: more than a job without stalls can take.
    """

    parameters: dict[str, int]
    descriptor: int
    activations: list[int]
    jobs: list[Job]
    channels: int
    ofmap: tuple[int, int]
    cols: int
    psum_bits: int
    max_cycles: int

    @property
    def values(self) -> int:
        """Psums of the layer: oc * oh * ow."""
        return self.channels * self.ofmap[0] * self.ofmap[1]


def read_layer(folder: Path) -> Layer:
    """The layer in the bundle `folder`.

    Raises a `TilewrightError` in one line if the bundle is damaged or has a layout other than
    ece284-ws, ece284-2b or ece284-os.
    """
    bundle = read_bundle(folder)
    run = BenchRun(bundle, Setup())  # as for our own testbench; the plan has the mode
    check_runnable(run)
    array, plan = bundle.array, run.plan
    weights = _words(bundle, "weight")  # output tile after output tile, in every layout
    psums = tile_psums(decode_bundle(bundle).psums, bundle.plan)  # otile onij col
    outputs = reference_outputs(psums, bundle.layout.output)
    jobs = [
        Job(
            otile,
            weights[otile * run.otile_weights : (otile + 1) * run.otile_weights],
            psums[otile],
            outputs[otile],
        )
        for otile in range(plan.otiles)
    ]
    plane = plan.shape.padded_h * plan.shape.padded_w
    fold = plane + plan.shape.ic * plan.shape.taps + 4 * (array.rows + array.cols)
    return Layer(
        parameters=parameters([run]),
        descriptor=descriptor_of(run, otiles=1).word,  # an output tile a job
        activations=_words(bundle, "activation"),
        jobs=jobs,
        channels=plan.shape.oc,
        ofmap=(plan.shape.oh, plan.shape.ow),
        cols=array.cols,
        psum_bits=array.psum_bits,
        max_cycles=100 + 2 * plan.folds_per_otile * fold,
    )


def _words(bundle: Bundle, kind: str) -> list[int]:
    """The words of all files of a kind, in the order of addresses: otile, then itile, then kij."""

    def place(indices: dict[str, int]) -> list[int]:
        return [indices.get(axis, 0) for axis in ("otile", "itile", "kij")]

    files = [file for file in bundle.files if file.kind == kind]
    words = []
    for file in sorted(files, key=lambda file: place(file.indices)):
        lines = (bundle.folder / file.name).read_text().split()
        words += [int(line, 2) for line in lines[-file.lines :]]  # after the header
    return words
