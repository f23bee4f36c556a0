"""Following a testbench through its blocks, and the record of what it read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from tilewright.errors import FormatError
from tilewright.verilog.acts import Acts
from tilewright.verilog.block_order import (
    Block,
    driven_names,
    given_in_turns,
    in_order,
    is_watched,
    shared_names,
)
from tilewright.verilog.classes import methods_of, outer_scopes, static_properties
from tilewright.verilog.compiler import Run
from tilewright.verilog.facts import facts_of
from tilewright.verilog.gaps import settle_gaps
from tilewright.verilog.late_changes import changed_again, ends_by_time
from tilewright.verilog.looks import driving, exposed_names, monitored_names
from tilewright.verilog.machine import (
    MAX_STEPS,
    Machine,
)
from tilewright.verilog.members import calling_members, instance_bodies, tied_ports
from tilewright.verilog.nonblocking import catch_up
from tilewright.verilog.partners import settle_pairs
from tilewright.verilog.paths import path_of
from tilewright.verilog.plusargs import Plusargs
from tilewright.verilog.reaches import reaches_of
from tilewright.verilog.signals import (
    BreakLoopSignal,
    ContinueLoopSignal,
    DisableBlockSignal,
    FinishSimulationSignal,
    ReturnCallSignal,
    StopProcessSignal,
    WaitForeverSignal,
)
from tilewright.verilog.signs import signs_in
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.statements import StatementCompiler
from tilewright.verilog.stored import Memory
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.unchecked import unchecked_reads
from tilewright.verilog.unknown_names import UNKNOWN_NAME
from tilewright.verilog.unread_results import left_out_reads
from tilewright.verilog.values import UNKNOWN
from tilewright.verilog.variables import forget
from tilewright.verilog.walks import note_walks, walk_of

MAX_TURNS = 200_000
"""Of an always block that reads files."""
MAX_IDLE_TURNS = 1_000
"""In which it changes variables and reads nothing."""
MAX_ROUNDS = 4
"""Of following a testbench in which processes share objects."""


def follow(
    testbench: Testbench,
    folder: Path,
    *,
    contents: Mapping[Path, bytes] | None = None,
    ignores_case: bool = False,
    max_steps: int = MAX_STEPS,
    simulator: Simulator = ICARUS,
) -> Machine:
    """Run the blocks of `testbench` over the files that it finds from `folder`, without time.

    Initial blocks run one after the other, then those always blocks that read files, turn by turn. The
    machine holds every file opened, every read and load, and what was left undecided. With
    `ignores_case`, files are found as on a system that does not know letter case; `contents` stand
    in for what files hold. Raises `FormatError` for a testbench that nests too deeply.
    """

    def follow_once(shared: frozenset[str]) -> Machine:
        machine = Machine(
            folder, plusargs, volatile=volatile | shared, exposed=exposed, monitored=monitored,
            simulator=simulator, max_steps=max_steps, ignores_case=ignores_case, reaches=reaches,
        )  # fmt: skip
        machine.contents.update(contents or {})
        machine.memories |= {name: Memory({None: UNKNOWN}) for name in shared}
        machine.acts = Acts(nets, is_watched(blocks, nets))
        _run_all(machine, compiler, scopes, statics, blocks)
        note_walks(machine, walks)
        return machine

    try:
        bodies = [body for top in testbench.tops for body in instance_bodies(top)]
        scopes = [*outer_scopes(testbench.compilation), *bodies]
        nodes = [m for body in bodies for m in body if m.kind.name == "ProceduralBlock"]
        calling = calling_members(testbench)
        methods = list(methods_of(testbench.compilation))
        blocks = [Block(node, facts_of(node.body)) for node in nodes]
        compiler = StatementCompiler(
            testbench,
            frozenset(unchecked_reads([*calling, *methods])),
            frozenset(_assigned(scopes, blocks)),
            frozenset(left_out_reads(calling, methods)),
            dict(tied_ports(bodies)),
            *signs_in([*calling, *methods]),
        )
        volatile = frozenset((*_volatile(blocks), *_unknown_names(bodies)))
        reaches, walks = reaches_of(blocks), walk_of(blocks, driving(bodies))
        exposed = frozenset(_exposed(testbench, bodies, blocks))
        monitored, nets = frozenset(monitored_names(calling)), frozenset(driven_names(bodies))
        plusargs = Plusargs(tuple(map(os.fsencode, testbench.plusargs)))
        statics = list(static_properties(testbench.compilation))
        return _follow_shared(follow_once)
    except RecursionError:
        raise FormatError(
            f"{testbench.path} must nest less deeply to be followed: split its expressions or blocks"
        ) from None


def _follow_shared(follow_once: Callable[[frozenset[str]], Machine]) -> Machine:
    """Properties that two processes change are found by following once; then they are unknown."""
    shared = frozenset[str]()
    for _ in range(MAX_ROUNDS):
        machine = follow_once(shared)
        if not machine.shared:
            return machine
        shared |= machine.shared.keys()
    machine.lose_shared(min(machine.shared.values()))
    return machine


def _run_all(
    machine: Machine,
    compiler: StatementCompiler,
    scopes: list[Any],
    statics: list[Any],
    blocks: list[Block],
) -> None:
    members = [one for scope in scopes for one in scope]
    variables = [one for one in members if one.kind.name == "Variable" or _is_constant_array(one)]
    for variable in (*statics, *variables):
        if run := compiler.initialize(variable):
            run(machine)
    machine.ends_by_time = any(
        block.is_initial and not block.facts.has_file_calls and ends_by_time(block.node.body)
        for block in blocks
    )
    for number, block in enumerate(in_order([block for block in blocks if block.is_initial])):
        machine.heap.process = (-1 - number,) if block.facts.has_timing else ()
        for name in given_in_turns(block, blocks):
            forget(machine, name)
        _run(machine, compiler, block)
        if machine.is_finished:
            break
    _run_readers(machine, compiler, blocks)
    machine.heap.process = ()
    for block in blocks:
        if block.is_final:
            _run(machine, compiler, block)
    settle_gaps(machine)
    settle_pairs(machine)
    for name in list(machine.pending):
        machine.drop_result(name)


def _run_readers(machine: Machine, compiler: StatementCompiler, blocks: list[Block]) -> None:
    """The always blocks that read; one that ends the simulation leaves open how far the others come."""
    late = {name for block in blocks if block.is_initial for name in changed_again(block.node.body)}
    ending: Callable[[], AbstractContextManager[None]] = nullcontext
    for number, block in enumerate(blocks):
        if block.is_reader and not machine.is_finished:
            machine.heap.process = (-1 - len(blocks) - number,)
            for name in late & block.facts.read - block.facts.assigned:
                forget(machine, name)
            try:
                with ending():
                    _run_again_and_again(machine, compiler, block)
            except FinishSimulationSignal:
                ending = machine.assumed  # the others run beside it, until then


def _is_constant_array(symbol: Any) -> bool:
    return symbol.kind.name == "Parameter" and bool(symbol.type.isUnpackedArray)


def _run_again_and_again(machine: Machine, compiler: StatementCompiler, block: Block) -> None:
    """An always block that reads: turn by turn, until nothing changes any more.

    What it reads after its own conditions have let it is known; else the number of its turns is not, and
    it is taken to go on until there is nothing left.
    """
    body, before = (
        compiler.compile(block.node.body),
        {id(s): len(s.events) for s in machine.streams},
    )
    with suppress(StopProcessSignal, WaitForeverSignal), machine.loop("open"):
        is_over, is_stopped = _turns(machine, body, block)
        for stream in machine.streams:
            is_read = len(stream.events) > before.get(id(stream), 0)
            stream.is_assumed = stream.is_assumed or (is_read and not is_stopped)
        if is_over:
            return
    machine.undecided(
        compiler.line(block.node.body), "the reads of this always block do not come to an end"
    )


def _turns(machine: Machine, body: Run, block: Block) -> tuple[bool, bool]:
    """Whether the block came to an end, and whether its last turn tried no read."""
    idle, is_opening = 0, False
    for _ in range(MAX_TURNS):
        before, calls = _progress(machine), machine.calls
        state = {name: machine.values.get(name) for name in block.facts.assigned}
        with suppress(BreakLoopSignal, ContinueLoopSignal, ReturnCallSignal, DisableBlockSignal):
            body(machine)
        catch_up(machine)
        machine.settle()
        streams, position = _progress(machine)
        is_known = all(machine.values.get(name) == state[name] for name in state)
        idle = idle + 1 if (streams, position) == before else 0
        is_counting = any(
            machine.values.get(name) != state[name]
            for name in state
            if name not in machine.marks and name not in machine.news.told
        )
        is_stuck = machine.calls > calls and not is_counting
        if (idle and (is_known or is_stuck)) or idle > MAX_IDLE_TURNS:
            return True, machine.calls == calls
        was_opening, is_opening = is_opening, streams > before[0]
        if is_opening and (was_opening or position > before[1]):
            return True, False  # it opens a file, in each turn again
    return False, False


def _progress(machine: Machine) -> tuple[int, int]:
    return len(machine.streams), sum(stream.position for stream in machine.streams)


def _exposed(testbench: Testbench, bodies: list[Any], blocks: list[Block]) -> Iterator[str]:
    """Variables that something looks at which is not followed: the design, or a block with a clock."""
    for block in blocks:
        if block.is_clocked:
            yield from block.facts.read
    yield from shared_names(blocks)
    yield from exposed_names(bodies, testbench.connected, calling_members(testbench))


def _assigned(bodies: list[Any], blocks: list[Block]) -> Iterator[str]:
    """Variables that the testbench itself sets, by a statement, a read or an initial value."""
    for block in blocks:
        yield from block.facts.assigned
    for body in bodies:
        for member in body:
            if member.kind.name == "Variable" and member.initializer is not None:
                yield path_of(member)


def _unknown_names(bodies: list[Any]) -> Iterator[str]:
    """What stands for a name within the design: it never holds what the testbench gave it."""
    names = (member for body in bodies for member in body if member.name == UNKNOWN_NAME)
    return (path_of(one) for one in names)


def _volatile(blocks: list[Block]) -> set[str]:
    """Variables that change on their own: set in an always block that is not followed, or in several
    blocks with time in them."""
    several: set[str] = set()
    once: set[str] = set()
    for block in blocks:
        assigned = block.facts.assigned - block.facts.own
        if block.is_clocked:
            several |= assigned
        elif block.facts.has_timing and block.is_initial:
            several |= once & assigned
            once |= assigned
    readers = [block.facts.assigned - block.facts.own for block in blocks if block.is_reader]
    for index, assigned in enumerate(readers):
        for other in readers[:index]:
            several |= assigned & other
    return several


def _run(machine: Machine, compiler: StatementCompiler, block: Block) -> None:
    line = compiler.line(block.node.body)
    try:
        with suppress(
            StopProcessSignal,
            BreakLoopSignal,
            ContinueLoopSignal,
            ReturnCallSignal,
            DisableBlockSignal,
            WaitForeverSignal,
        ):
            compiler.compile(block.node.body)(machine)
        catch_up(machine)
    except FinishSimulationSignal:
        # else the others run beside it, until then
        machine.is_finished = not block.facts.has_timing
    except RecursionError:
        machine.undecided(line, "the calls of this block nest too deeply to be followed")
        machine.lose_streams([""])
    if machine.steps > machine.max_steps and block.facts.has_file_calls:
        machine.undecided(
            line,
            f"lint follows {machine.max_steps:,} steps, and this block takes more: the rest was not "
            f"seen",
        )
