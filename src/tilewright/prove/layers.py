"""All layers of a network on our array: those whose tiles are alike are proved once, with any weights."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tilewright.programs.jobs import Job, run_jobs
from tilewright.programs.pace import Pace
from tilewright.prove.array import ArrayJob, mode_of
from tilewright.prove.collection import uncollected
from tilewright.prove.elaborate import elaborate
from tilewright.prove.repetition import prove_any_length, shortest
from tilewright.prove.verdict import PROVED, Killing, Verdict
from tilewright.tile import Execution
from tilewright.tile.dataflow import core_wiring

_MOST_STEPS = 4608
"""Of an output-stationary pass, 512 channels of 3x3: time and memory grow with each."""
ONLY_COMPARED = (
    "the sum over the folds of an output tile, the order of tiles and pixels, and the thresholds to the next "
    "codes are only compared, on the samples of verify and cosim"
)


@dataclass(frozen=True, slots=True)
class LayerRun:
    """A layer (or a part of one) as it runs. act_bits, weight_bits: of one code."""

    name: str
    execution: Execution
    act_bits: int
    weight_bits: int
    is_act_signed: bool = False


@dataclass(frozen=True, slots=True)
class LayerProof:
    """One verdict, and the layers whose every tile it is about."""

    verdict: Verdict
    layers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.verdict}\n  every tile of {', '.join(self.layers)}"


@dataclass(frozen=True, slots=True)
class NetworkProof:
    """All verdicts. left_out: layers that were not asked about, with the reason."""

    proofs: tuple[LayerProof, ...]
    left_out: Mapping[str, str]

    def to_facts(self) -> dict[str, Any]:
        """The verdicts for JSON, with what is only compared."""
        proofs = [one.verdict.to_facts() | {"layers": list(one.layers)} for one in self.proofs]
        return {
            "proofs": proofs,
            "left_out": dict(self.left_out),
            "only_compared": ONLY_COMPARED,
        }

    @property
    def is_proved(self) -> bool:
        """Whether the tiles of all layers are proved."""
        return not self.left_out and all(one.verdict.answer == PROVED for one in self.proofs)


def jobs_of(layers: Iterable[LayerRun]) -> tuple[dict[ArrayJob, list[str]], dict[str, str]]:
    """The distinct jobs of the array with their layers; and the layers without one, with the reason."""
    jobs: dict[ArrayJob, list[str]] = defaultdict(list)
    left_out: dict[str, str] = {}
    for one in layers:
        why = _why_not(one)
        if why:
            left_out[one.name] = why
        else:
            jobs[_job(one)].append(one.name)
    return dict(jobs), left_out


def _why_not(run: LayerRun) -> str:
    flow, plan = run.execution.plan.dataflow, run.execution.plan
    if flow.wiring is None:
        return f"dataflow {flow.name} is none that our array has"
    steps = flow.words_streamed(plan, run.execution.schedule)
    if flow.wiring.psums_stay and steps > _MOST_STEPS:
        return f"a pass of {steps} steps is too long: at most {_MOST_STEPS}"
    return ""


def _job(run: LayerRun) -> ArrayJob:
    execution, plan = run.execution, run.execution.plan
    job = ArrayJob(
        rows=plan.array.rows,
        cols=plan.array.cols,
        mode=mode_of(core_wiring(plan.dataflow), plan.dataflow.channels_per_pe),
        vectors=plan.dataflow.words_streamed(plan, execution.schedule),
        act_bits=run.act_bits * plan.dataflow.channels_per_pe,
        weight_bits=run.weight_bits,
        column_bits=execution.column_bits,
        is_saturating=execution.rule.overflow == "saturate",
        is_overlapped=execution.schedule.is_overlapped,
        is_act_signed=run.is_act_signed,
    )
    if not job.psums_stay and job.vectors >= shortest(job):
        return replace(job, vectors=shortest(job))  # one more changes nothing, or the proof says so
    return job


def prove_layers(
    sources: Mapping[str, str],
    layers: Iterable[LayerRun],
    *,
    hear: Callable[[LayerProof], None] = lambda _: None,
    progress: Callable[[str], None] = lambda _: None,
    workers: str = "",
) -> NetworkProof:
    """Whether module tw_array of `sources` computes every tile of the layers, whatever weights it has.

    hear: gets each verdict when it is there; progress: a line before each. A proof of a fold whose length
    does not repeat is about that length alone, and its layers are undecided. workers: a cluster's address, as
    `run_jobs` takes it; without one each proof is made here. Raises what `elaborate` and `run_jobs` raise.
    """
    jobs, left_out = jobs_of(layers)
    proofs = list[LayerProof]()
    pace = Pace(len(jobs), "proofs")
    verdicts = (
        _verdicts_elsewhere(sources, jobs, workers)
        if workers
        else (_verdict(sources, job) for job in jobs)
    )
    for names in jobs.values():
        progress(f"{pace.line(len(proofs))}; {', '.join(names)}")
        proofs.append(LayerProof(next(verdicts), tuple(names)))
        hear(proofs[-1])
    return NetworkProof(tuple(proofs), left_out)


@uncollected()
def _verdict(sources: Mapping[str, str], job: ArrayJob) -> Verdict:
    netlist = elaborate(sources, top="tw_array", parameters=job.parameters)
    return _for_all_tiles(prove_any_length(netlist, job), job)


def _verdicts_elsewhere(
    sources: Mapping[str, str], jobs: Iterable[ArrayJob], workers: str
) -> Iterator[Verdict]:
    made = [proof_job(sources, job) for job in jobs]
    for content in run_jobs(made, workers=workers):
        facts = json.loads(content)
        killing = None if facts["killing"] is None else Killing(**facts["killing"])
        yield Verdict(**(facts | {"killing": killing}))


def proof_job(sources: Mapping[str, str], job: ArrayJob) -> Job:
    """The proof of one job of the array as work that can be done anywhere."""
    settings = {"sources": list(sources), "job": asdict(job)}
    files = {name: text.encode() for name, text in sources.items()}
    return Job("tilewright.prove.layers:run", files, json.dumps(settings, sort_keys=True))


def run(folder: Path, settings: dict[str, Any]) -> bytes:
    """Do the job of one proof; JSON of its verdict, without the time it took."""
    sources = {name: (folder / name).read_bytes().decode() for name in settings["sources"]}
    verdict = _verdict(sources, ArrayJob(**settings["job"]))
    return (json.dumps(asdict(replace(verdict, seconds=0.0)), sort_keys=True) + "\n").encode()


def _for_all_tiles(verdict: Verdict, job: ArrayJob) -> Verdict:
    is_long = not job.psums_stay and job.vectors >= shortest(job)
    if verdict.answer != PROVED or (
        verdict.is_for_any_folds and (verdict.is_for_more_vectors or not is_long)
    ):
        return verdict
    reason = "it is proved, but its state does not repeat, so longer runs may differ"
    return replace(verdict, answer="undecided", reason=reason)
