"""One job: the memories and the descriptor as the host wrote them before `start`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import Codes, Ints
from tilewright.tile import Execution, TilePlan
from tilewright.tile.dataflow import core_wiring


@dataclass(frozen=True, slots=True)
class Stalls:
    """Random stalls: in each busy cycle, each of four parties is not ready with chance level / 256.

    level: 1..255. seed: 1..2**32 - 1.
    """

    level: int
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A job of `otiles` output tiles of an execution, from output tile `first_otile` of the layer.

    wmem: ``word lane``. xmem: ``half word row``, a half for each channel of a PE. words: XMEM address of each
    activation of a fold of an output tile, ``fold n``. hits: ofmap pixel of each vector of a fold or -1,
    ``fold vector``. fold_words: weight words of a fold. streamed: activation words of a fold. vectors: those
    that a fold brings to OFIFO. psums_stay: see `tilewright.tile.Wiring`.
    """

    execution: Execution
    first_otile: int
    otiles: int
    stalls: Stalls | None
    psums_stay: bool
    wmem: Ints
    xmem: Ints
    words: Ints
    hits: Ints
    fold_words: int
    folds_per_otile: int
    streamed: int
    vectors: int

    @property
    def plan(self) -> TilePlan:
        """The plan of the layer."""
        return self.execution.plan

    @property
    def folds(self) -> int:
        """Folds of the job."""
        return self.otiles * self.folds_per_otile

    def activation_word(self, fold: int, n: int) -> int:
        """XMEM address of activation `n` of fold `fold` of the job."""
        return int(self.words[fold % self.folds_per_otile, n])


def make_job(
    execution: Execution,
    weights: npt.NDArray[np.int8],
    activations: Codes,
    *,
    first_otile: int,
    stalls: Stalls | None = None,
) -> Job:
    """The job that begins with output tile `first_otile`; tensors as `simulate` takes them.

    Raises `UnknownNameError` if the registers of this dataflow are not modelled.
    """
    plan, schedule = execution.plan, execution.schedule
    dataflow = plan.dataflow
    otiles, channels = execution.otiles_per_job, dataflow.channels_per_pe
    lanes = dataflow.weight_lanes(plan)
    wmem = weights[first_otile : first_otile + otiles].reshape(-1, lanes, channels)
    xmem = activations.reshape(-1, plan.array.rows, channels)
    words, hits = dataflow.streamed(plan, schedule), dataflow.pixels(plan, schedule)
    return Job(
        execution=execution,
        first_otile=first_otile,
        otiles=otiles,
        stalls=stalls,
        psums_stay=core_wiring(dataflow).psums_stay,
        wmem=np.ascontiguousarray(wmem.transpose(0, 2, 1).reshape(-1, lanes), np.int64),
        xmem=np.ascontiguousarray(xmem.transpose(2, 0, 1), np.int64),
        words=words,
        hits=hits,
        fold_words=dataflow.fold_words(plan),
        folds_per_otile=plan.folds_per_otile,
        streamed=int(words.shape[1]),
        vectors=int(hits.shape[1]),
    )
