"""Verdicts of the prover against a simulator: mutants, each on many inputs, in every job of a target.

One elaboration serves several mutants, one simulation all jobs and all inputs of a mutant. Compared are, in
every cycle up to the verdict, all bits of all outputs of which the prover says what they are; and of a proof
also what the module without a mutation shows where something is due, which owes nothing to the prover.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tilewright import formal, prove
from tilewright.cores import Simulator
from tilewright.cores.build_cache import cached_build
from tilewright.errors import TilewrightError
from tilewright.mutation import mutants_of
from tilewright.mutation.mutant import Mutant, sample
from tilewright.mutation.proofs import JOBS
from tilewright.prove.algebra import Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.confirm import Confirmation
from tilewright.prove.elaborate import elaborate_many, parse
from tilewright.prove.layer_claim import LayerClaim, LayerJob
from tilewright.prove.netlist import Netlist
from tilewright.prove.netlist_reader import read_netlist
from tilewright.prove.our_rtl import ARRAY_FILES, CORE_FILES, read_sources
from tilewright.prove.proof import Check, Claim, Prover
from tilewright.prove.verdict import PROVED, Killing, Verdict
from tilewright.prove.words import Unknown, Value, Words
from tilewright.spec import ArrayShape, ConvShape, OutputFunction, PsumRule, Schedule
from tilewright.tile import Execution
from tilewright.tile.plan import plan_mode

BENCH = "cross_check_bench"
STIMULUS = "stimulus.hex"
RESET = "rst_ni"
TOGETHER, MOST_TOGETHER = 16, 48
"""Mutants that are elaborated by one yosys and simulated as one; and where a build takes long."""
_WARNINGS = ("WIDTH", "UNSIGNED", "CMPCONST", "SELRANGE", "LATCH", "MULTIDRIVEN", "CASEINCOMPLETE")
_WARNINGS += ("CASEOVERLAP", "UNOPTFLAT", "COMBDLY", "BLKSEQ", "UNDRIVEN", "UNUSED", "ALWCOMBORDER")
_WARNINGS += ("SYNCASYNCNET", "IMPLICIT", "BLKANDNBLK", "DECLFILENAME", "ASCRANGE", "VARHIDDEN")
LENIENT = "".join(f"/* verilator lint_off {kind} */ " for kind in _WARNINGS)
"""A mutant is what lint warns of."""


def _layer(mode: str, function: str, *, act_bits: int, stalls: int = 0, **how: bool) -> LayerJob:
    shape = ConvShape(ic=3, ih=3, iw=2, oc=3, kh=2, kw=1, padding=(0, 1))
    return LayerJob(
        Execution(
            plan_mode(shape, ArrayShape(2, 2, 12), mode, act_bits),
            Schedule(is_whole_layer=True, **how),
            PsumRule("wrap"),
            OutputFunction(function, int(function == "leaky")),
        ),
        act_bits=act_bits,
        weight_bits=2,
        stalls=stalls,
        addresses={"XmemAddrBits": 6, "WmemAddrBits": 6, "PmemAddrBits": 5},
    )


LAYERS = (
    _layer("ws", "relu", act_bits=4, stalls=50, is_skipping=True),
    _layer("simd", "leaky", act_bits=2, is_overlapped=True),
    _layer("os", "signed", act_bits=4, stalls=70, is_overlapped=True),
)
"""Small layers on the whole core: every mode, schedule and output function."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module and its jobs, all with the same parameters."""

    top: str
    files: tuple[str, ...]
    jobs: tuple[ArrayJob | LayerJob, ...]

    @property
    def parameters(self) -> Mapping[str, int]:
        """Of the module."""
        return self.jobs[0].parameters

    def claim(self, job: ArrayJob | LayerJob, words: Words) -> Claim:
        """That the module computes a job."""
        return ArrayClaim(job, words) if isinstance(job, ArrayJob) else LayerClaim(job, words)


ARRAY = tuple(
    Target("tw_array", ARRAY_FILES, tuple(job for job in JOBS if job.column_bits == bits))
    for bits in (16, 8)
)
SMALL = (
    Target(
        "tw_array", ARRAY_FILES, tuple(replace(one, rows=2, vectors=2) for one in ARRAY[1].jobs)
    ),
)
CORE = (Target("tw_core", CORE_FILES, LAYERS),)
KINDS = ("array", "pairs", "core")


@dataclass(frozen=True, slots=True)
class Change:
    """Mutants of one design, applied together. what: for people."""

    mutants: tuple[Mutant, ...]

    def __str__(self) -> str:
        return "; and ".join(map(str, self.mutants))

    @property
    def key(self) -> str:
        """What a log knows it by."""
        places = [(m.file, m.start, m.end, m.replacement) for m in self.mutants]
        return hashlib.sha256(json.dumps(places).encode()).hexdigest()[:16]

    def apply(self, sources: Mapping[str, str]) -> dict[str, str]:
        """The changed sources."""
        texts = dict(sources)
        for mutant in sorted(self.mutants, key=lambda one: one.start, reverse=True):
            texts[mutant.file] = mutant.apply(texts[mutant.file])
        return texts


def changes_of(kind: str, count: int, seed: int) -> tuple[tuple[Target, ...], list[Change]]:
    """What is to be changed, and where it is asked: "array", "core" or two changes of the array at once."""
    files = CORE_FILES if kind == "core" else ARRAY_FILES
    sources = read_sources(files=files)
    mutants = [
        one
        for file, text in sources.items()
        if kind != "core" or file not in ARRAY_FILES
        for one in mutants_of(text, file=file)
    ]
    if kind == "pairs":
        rng = random.Random(seed)
        pairs = (Change(tuple(rng.sample(mutants, 2))) for _ in range(count * 3))
        apart = (one for one in pairs if _are_apart(*one.mutants))
        return SMALL, list({one.key: one for one in apart}.values())[:count]
    chosen = [Change((one,)) for one in sample(mutants, count, seed=seed)]
    random.Random(seed).shuffle(chosen)  # what is reached in time is a sample, too
    return (CORE if kind == "core" else ARRAY), chosen


def _are_apart(one: Mutant, two: Mutant) -> bool:
    return one.file != two.file or one.end <= two.start or two.end <= one.start


# -- one proof, and what it says of the outputs ---------------------------------------------------


class Watched:
    """A claim that keeps what all outputs are in each cycle."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.seen: list[dict[str, Value]] = []

    @property
    def text(self) -> str:
        """The claim's."""
        return self.claim.text

    @property
    def constants(self) -> Mapping[str, int]:
        """The claim's."""
        return self.claim.constants

    def inputs(self) -> Iterable[Mapping[str, Value]]:
        """The claim's."""
        return self.claim.inputs()

    def checks(self, cycle: int, machine: Any) -> Iterable[Check]:
        """The claim's, once all outputs are kept."""
        ports = machine.netlist.ports.values()
        self.seen.append({one.name: machine.read(one.name) for one in ports if not one.is_input})
        return self.claim.checks(cycle, machine)

    def end(self) -> None:
        """The claim's."""
        self.claim.end()


@dataclass(frozen=True, slots=True)
class Trace:
    """A verdict, the inputs of each cycle, and what the prover says of the outputs there."""

    verdict: Verdict
    words: Words
    history: tuple[Mapping[str, Value], ...]
    seen: tuple[Mapping[str, Value], ...]
    checked: tuple[tuple[int, Check], ...]
    killing: tuple[Mapping[str, int], ...] = ()


def trace(
    netlist: Netlist, target: Target, job: ArrayJob | LayerJob, sources: Mapping[str, str]
) -> Trace:
    """Prove a job of a netlist.

    killing: inputs of a refutation, which are not yet confirmed; where they are to show an x, the sources
    have confirmed them.
    """
    words = Words(Algebra())
    watched = Watched(target.claim(job, words))
    confirm = Confirmation(netlist, sources, target.parameters)
    kept: list[Mapping[str, int]] = []

    def keep(stimulus: Sequence[Mapping[str, int]], killing: Killing) -> Killing:
        if killing.found is None:
            return confirm(stimulus, killing)
        kept.extend(stimulus)
        return killing

    prover = Prover(netlist, watched, words, confirm=keep)
    verdict = prover.run()
    seen, checked = tuple(watched.seen), tuple(prover.checked)
    return Trace(verdict, words, tuple(prover.history), seen, checked, tuple(kept))


def points_of(words: Words, inputs: int, seed: int) -> list[dict[int, int]]:
    """Inputs: all lowest, all highest, each of both, then corners and any numbers by turns."""
    rng = random.Random(seed)
    ends = {
        index: (one.low, one.high)
        for index, one in enumerate(words.algebra.variables)
        if one.meaning is None
    }
    names = {index: words.algebra.variables[index].name for index in ends}

    def point(number: int) -> dict[int, int]:
        if number < 4:  # activations at one end, weights at one
            return {i: both[number >> names[i].startswith("act") & 1] for i, both in ends.items()}
        if number % 2:
            return {index: rng.choice(both) for index, both in ends.items()}
        return {index: rng.randint(*both) for index, both in ends.items()}

    return [point(number) for number in range(inputs)]


Choose = Callable[[Trace, ArrayJob | LayerJob], list[dict[int, int]]]
"""Inputs, by number of the variable, for a job."""


# -- simulation ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stimulus:
    """All runs of a target, one after the other: for each job, for each of its inputs, some cycles.

    lines: all input ports but the clock as one number, in hexadecimal. starts: of each job, the line at
    which each run begins. before: what the module without a mutation showed. cache: of builds; None: the
    user's.
    """

    target: Target
    netlist: Netlist
    points: list[list[dict[int, int]]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    starts: list[list[int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    cache: Path | None = None

    @property
    def inputs(self) -> list[str]:
        """Names of the input ports but the clock."""
        ports = self.netlist.ports.values()
        return [one.name for one in ports if one.is_input and one.name != self.netlist.clock]

    @property
    def outputs(self) -> list[tuple[str, int]]:
        """Output ports, the last of a line of output first, with their widths."""
        return [(p.name, p.width) for p in self.netlist.ports.values() if not p.is_input]

    @classmethod
    def of(
        cls, target: Target, choose: Choose, simulator: Simulator, cache: Path | None = None
    ) -> Stimulus:
        """Of the module without a mutation, which must be proved, with the inputs chosen for each job."""
        sources = read_sources(files=target.files)
        (text,) = elaborate_many([sources], top=target.top, parameters=target.parameters)
        assert text is not None
        made = cls(target, read_netlist(parse(text)), cache=cache)
        for job in target.jobs:
            found = trace(made.netlist, target, job, sources)
            made._add(found, choose(found, job))
        (made.before,) = made.simulate([sources], simulator)
        return made

    def _add(self, found: Trace, points: list[dict[int, int]]) -> None:
        assert found.verdict.answer == PROVED, found.verdict
        self.points.append(points)
        self.lengths.append(len(found.history))
        self.starts.append([])
        for point in points:
            known: dict[int, int] = {}
            self.starts[-1].append(len(self.lines) + 1)
            self.lines += self.run(
                {name: found.words.evaluate(value, point, known) for name, value in then.items()}
                for then in found.history
            )

    def run(self, cycles: Iterable[Mapping[str, int]]) -> Iterator[str]:
        """The lines of one run: first one without reset, so that reset begins; inputs not named stay."""
        held = dict.fromkeys(self.inputs, 0) | {RESET: 1}
        yield self._line(held)
        for inputs in cycles:
            held |= inputs
            yield self._line(held)

    def _line(self, held: Mapping[str, int]) -> str:
        total = at = 0
        for name in self.inputs:
            total |= held[name] << at
            at += self.netlist.ports[name].width
        return f"{total:x}"

    def bench(self, lines: int, count: int) -> str:
        """A testbench that applies the lines to so many modules, and shows all outputs before each edge."""
        netlist = self.netlist
        ports, at, places = netlist.ports, 0, {netlist.clock: "clock"}
        for name in self.inputs:
            places[name] = f"word[{at + ports[name].width - 1}:{at}]"
            at += ports[name].width
        values = ", ".join(f".{n}({v})" for n, v in self.target.parameters.items())
        idle, busy = (0, 1) if netlist.is_rising else (1, 0)
        outputs = [(number, name) for number in range(count) for name, _ in self.outputs]
        wires = "\n".join(f"  wire [{ports[n].width - 1}:0] out{i}_{n};" for i, n in outputs)
        shown = ", ".join(f"out{i}_{name}" for i, name in reversed(outputs))
        modules = []
        for number in range(count):
            here = places | {name: f"out{number}_{name}" for name, _ in self.outputs}
            connections = ", ".join(f".{name}({here[name]})" for name in ports)
            top = named(self.target.top, number)
            modules.append(f"  {top} #({values}) dut{number} ({connections});")
        return f"""module {BENCH};
  reg [{at - 1}:0] lines [0:{lines - 1}];
  reg [{at - 1}:0] word;
  reg clock = {idle};
  integer n;
{wires}
{chr(10).join(modules)}
  initial begin
    $readmemh("{STIMULUS}", lines);
    for (n = 0; n < {lines}; n = n + 1) begin
      word = lines[n]; #5
      $display("=%b", {{{shown}}});
      clock = {busy}; #5 clock = {idle};
    end
    $finish;
  end
endmodule
"""

    def simulate(
        self, designs: Sequence[Mapping[str, str]], simulator: Simulator, more: Sequence[str] = ()
    ) -> list[list[str]]:
        """What each of these sources shows for each line, and for more of them, in binary.

        All are built as one, each with module names of its own. Raises `ToolError` if they do not build.
        """
        lines = [*self.lines, *more]
        files = {
            f"{number}_{file}": LENIENT + named(text, number)
            for number, sources in enumerate(designs)
            for file, text in sources.items()
        }
        files[f"{BENCH}.sv"] = LENIENT + self.bench(len(lines), len(designs))
        with tempfile.TemporaryDirectory(prefix="tilewright-cross-") as name:
            folder = Path(name)
            (folder / STIMULUS).write_text("\n".join(lines) + "\n")
            program = cached_build(
                simulator,
                {file: text.encode() for file, text in files.items()},
                top=BENCH,
                parameters={},
                cache_dir=self.cache,
                timeout_s=1800,
            )
            _, output = simulator.run(program, plusargs={}, folder=folder, timeout_s=600)
        shown = [line[1:] for line in output.splitlines() if line.startswith("=")]
        width = sum(width for _, width in self.outputs)
        ends = [(len(designs) - number) * width for number in range(len(designs))]
        return [[line[end - width : end] for line in shown] for end in ends]


_NAME = re.compile(r"\btw_(?=\w)")


def named(text: str, number: int) -> str:
    """The text with other names of our modules."""
    return _NAME.sub(f"m{number}_tw_", text)


# -- comparison ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Finding:
    """What became of one change: answers by claim, bits that were compared, and what contradicts what."""

    change: str
    key: str
    answers: dict[str, str] = field(default_factory=dict)
    words: int = 0
    x_bits: int = 0
    contradictions: list[str] = field(default_factory=list)
    failed: str = ""

    @property
    def answer(self) -> str:
        """Of all jobs together: refuted by one, or proved by all."""
        found = set(self.answers.values())
        if self.failed or not found:
            return "not judged"
        return next((one for one in ("refuted", "undecided") if one in found), PROVED)


@dataclass(slots=True)
class Case:
    """A change whose jobs are proved or not.

    sources: with the change; killing: lines of each killing input.
    """

    found: Finding
    sources: Mapping[str, str]
    traces: list[Trace]
    killing: list[list[str]]


def proved(change: Change, netlist: Netlist, stimulus: Stimulus, found: Finding) -> Case:
    """Prove all jobs of a changed target."""
    texts = change.apply(read_sources(files=stimulus.target.files))
    traces = [trace(netlist, stimulus.target, job, texts) for job in stimulus.target.jobs]
    killing = [list(stimulus.run(one.killing)) if one.killing else [] for one in traces]
    return Case(found, texts, traces, killing)


def examine(cases: Sequence[Case], stimulus: Stimulus, simulator: Simulator) -> None:
    """Simulate cases together, and hold each one's verdicts against what it shows."""
    more = [line for case in cases for lines in case.killing for line in lines]
    try:
        shown = stimulus.simulate([case.sources for case in cases], simulator, more)
    except TilewrightError as error:
        if len(cases) == 1:
            cases[0].found.failed = str(error)
            return
        half = len(cases) // 2
        for some in (cases[:half], cases[half:]):
            examine(some, stimulus, simulator)
        return
    at = len(stimulus.lines)
    for case, lines in zip(cases, shown, strict=True):
        if len(lines) < len(stimulus.lines) + len(more):
            case.found.failed = f"the simulation ends after {len(lines)} cycles"
        else:
            _judge(case, lines, at, stimulus)
        at += sum(map(len, case.killing))


def _judge(case: Case, shown: Sequence[str], at: int, stimulus: Stimulus) -> None:
    """at: where the lines of the killing inputs begin."""
    found = case.found
    for number, traced in enumerate(case.traces):
        found.answers[traced.verdict.claim] = traced.verdict.answer
        cycles = min(len(traced.seen), stimulus.lengths[number])
        runs = zip(stimulus.starts[number], stimulus.points[number], strict=True)
        for start, point in runs:
            _compare(traced, cycles, point, shown[start : start + cycles], stimulus, found)
        at += len(case.killing[number])
        if traced.killing:
            _expect_killed(traced, shown[at - 1], stimulus, found)
        if traced.verdict.answer == PROVED:
            for start in stimulus.starts[number]:
                _compare_with_original(traced, start, shown, stimulus, found)


def _expect_killed(traced: Trace, shown: str, stimulus: Stimulus, found: Finding) -> None:
    """The last cycle of the killing input shows what is not expected."""
    killing = traced.verdict.killing
    assert killing is not None
    at, places = places_of(stimulus)
    low = places[killing.port] + killing.low
    bits = shown[at - low - killing.width : at - low]
    if bits != f"{killing.found:0{killing.width}b}" or killing.found == killing.expected:
        found.contradictions.append(
            f"the killing input shows {bits}, not {killing.found:#x}: {traced.verdict}"
        )


def places_of(stimulus: Stimulus) -> tuple[int, dict[str, int]]:
    """How many bits a line shows, and the lowest one of each output."""
    at, places = 0, {}
    for name, width in stimulus.outputs:
        places[name] = at
        at += width
    return at, places


def _compare(
    traced: Trace,
    cycles: int,
    point: dict[int, int],
    shown: Sequence[str],
    stimulus: Stimulus,
    found: Finding,
) -> None:
    """What the prover says of every output against what the simulator shows, cycle by cycle."""
    known: dict[int, int] = {}
    values: dict[Any, tuple[int, int]] = {}
    for cycle in range(cycles):
        says = mask = at = 0
        for name, width in stimulus.outputs:
            value = traced.seen[cycle][name]
            if value not in values:
                values[value] = traced.words.evaluate(value, point, known), _known_bits(value)
            says |= values[value][0] << at
            mask |= (values[value][1] & ((1 << width) - 1)) << at
            at += width
        bits = shown[cycle]
        if "x" in bits or "z" in bits:
            sure = int("".join("1" if bit in "01" else "0" for bit in bits), 2)
            found.x_bits += (mask & ~sure).bit_count()
            mask &= sure
            bits = bits.replace("x", "0").replace("z", "0")
        found.words += len(stimulus.outputs)
        if (int(bits, 2) ^ says) & mask and len(found.contradictions) < 5:
            found.contradictions.append(
                f"cycle {cycle} of {traced.verdict.claim}: outputs are {int(bits, 2):#x}, but "
                f"{says:#x} says the prover of the bits {mask:#x}, for {point}"
            )


def _known_bits(value: Value) -> int:
    if isinstance(value, int):
        return -1
    mask = at = 0
    for source, _, width in value.parts:
        if not isinstance(source, Unknown):
            mask |= ((1 << width) - 1) << at
        at += width
    return mask


def _compare_with_original(
    traced: Trace, start: int, shown: Sequence[str], stimulus: Stimulus, found: Finding
) -> None:
    """Where something is due, a change that is proved shows what the module without it shows."""
    at, places = places_of(stimulus)
    for cycle, check in traced.checked:
        low = places[check.port] + check.low
        pair = [
            lines[start + cycle][at - low - check.width : at - low]
            for lines in (shown, stimulus.before)
        ]
        found.words += 1
        if pair[0] != pair[1] and len(found.contradictions) < 5:
            found.contradictions.append(
                f"cycle {cycle} of {traced.verdict.claim}: proved, but {check.what} is {pair[0]}, and "
                f"{pair[1]} without the change"
            )


# -- a campaign --------------------------------------------------------------------------------------


def findings(
    kind: str,
    changes: Sequence[Change],
    targets: Sequence[Target],
    *,
    inputs: int,
    seed: int,
    simulator: Simulator,
) -> Iterator[list[Finding]]:
    """One for each change, in their order; those that are judged together come together."""
    together = TOGETHER if simulator.builds_at_once else MOST_TOGETHER
    with tempfile.TemporaryDirectory(prefix="tilewright-cross-") as name:
        stimuli = [
            Stimulus.of(
                target, lambda found, _: points_of(found.words, inputs, seed), simulator, Path(name)
            )
            for target in targets
        ]
        for first in range(0, len(changes), together):
            chunk = changes[first : first + together]
            found = [Finding(f"{kind}: {change}", change.key) for change in chunk]
            for stimulus in stimuli:
                _look_into(chunk, found, stimulus, simulator)
            yield found


def _look_into(
    changes: Sequence[Change], found: Sequence[Finding], stimulus: Stimulus, simulator: Simulator
) -> None:
    """Elaborate, prove and simulate changes of one target together."""
    target = stimulus.target
    sources = read_sources(files=target.files)
    texts = _elaborated([change.apply(sources) for change in changes], target)
    cases: list[Case] = []
    for change, text, one in zip(changes, texts, found, strict=True):
        if text is None:
            one.failed = "yosys does not elaborate it"
        if not one.failed:
            cases += _cases(change, text or "", stimulus, one)
    if cases:
        examine(cases, stimulus, simulator)


def _elaborated(designs: list[dict[str, str]], target: Target) -> list[str | None]:
    """Netlists; None also where yosys breaks off or does not end."""
    try:
        return elaborate_many(designs, top=target.top, parameters=target.parameters)
    except TilewrightError:
        if len(designs) == 1:
            return [None]
    return [text for one in designs for text in _elaborated([one], target)]


def _cases(change: Change, text: str, stimulus: Stimulus, found: Finding) -> Iterator[Case]:
    """The case of a change, if its netlist is one that a proof can be about."""
    try:
        yield proved(change, read_netlist(parse(text)), stimulus, found)
    except TilewrightError as error:
        found.failed = str(error)


def revision() -> str:
    """What tells one prover from another: a hash of its sources, and of those that it reads RTL with."""
    files = sorted(file for one in (prove, formal) for file in Path(one.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@dataclass(slots=True)
class Tally:
    """Counts over all findings of one prover, those of a log too."""

    revision: str = field(default_factory=revision)
    counts: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)

    def add(self, facts: Mapping[str, Any]) -> None:
        """One line of a log; those of another prover do not count."""
        if facts["key"] in self.keys or facts.get("revision") != self.revision:
            return
        self.keys.add(facts["key"])
        self.counts["changes " + facts["answer"]] += 1
        for answer in facts["answers"].values():
            self.counts["verdicts " + answer] += 1
        self.counts["words compared"] += facts["words"]
        self.counts["bits known to the prover, x in the simulator"] += facts["x_bits"]
        self.counts["changes with a contradiction"] += bool(facts["contradictions"])

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))


def cross_check(
    kind: str,
    *,
    count: int,
    inputs: int,
    seed: int,
    simulator: Simulator,
    log: Path | None = None,
    limit_s: float = float("inf"),
    tell: Callable[[str], None] = print,
) -> Tally:
    """Examine `count` changes that are not in the log, for so many seconds; all of the log is counted.

    A line of the log that was cut off is done again.
    """
    began, tally = time.monotonic(), Tally()
    if log is not None and log.exists():
        whole, _, _ = log.read_text().rpartition("\n")
        log.write_text(whole + "\n" if whole else "")
        for line in whole.splitlines():
            tally.add(json.loads(line))
    targets, changes = changes_of(kind, count, seed)
    fresh = [one for one in changes if one.key not in tally.keys]
    for chunk in findings(kind, fresh, targets, inputs=inputs, seed=seed, simulator=simulator):
        for found in chunk:
            facts = _facts(found, revision=tally.revision, inputs=inputs, simulator=simulator.name)
            tally.add(facts)
            for one in found.contradictions:
                tell(f"CONTRADICTION {found.change}: {one}")
            if log is not None:
                with log.open("a") as file:
                    file.write(json.dumps(facts) + "\n")
        if time.monotonic() - began > limit_s:
            break
    return tally


def _facts(found: Finding, **how: Any) -> dict[str, Any]:
    """A line of a log."""
    facts = {"key": found.key, "change": found.change, "answer": found.answer, **how}
    names = ("answers", "words", "x_bits", "contradictions", "failed")
    return facts | {name: getattr(found, name) for name in names}
