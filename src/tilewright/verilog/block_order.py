"""The procedural blocks of a testbench, and the order in which they are followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from operator import add, mul, sub, truediv
from typing import Any

from tilewright.verilog.facts import Facts, facts_of
from tilewright.verilog.late_changes import changed_again, changed_late
from tilewright.verilog.mailboxes import giving_first
from tilewright.verilog.paths import path_of
from tilewright.verilog.unknown_names import UNKNOWN_NAME

EVENT = 1 << 40
"""What `wait` and `@` count as, against delays: longer than any."""


@dataclass(frozen=True, slots=True)
class Block:
    """A procedural block and what it does."""

    node: Any
    facts: Facts

    @property
    def is_initial(self) -> bool:
        """Whether it runs once."""
        return bool(self.node.procedureKind.name == "Initial")

    @property
    def is_endless(self) -> bool:
        """Whether it reads files in a `forever` loop with time in it, as an always block does."""
        loops: list[Facts] = []

        def visit(node: Any) -> None:
            if node.kind.name == "ForeverLoop":
                loops.append(facts_of(node))

        if self.is_initial and self.facts.has_file_calls:
            self.node.body.visit(visit)
        return any(one.has_timing and one.has_file_calls for one in loops)

    @property
    def is_final(self) -> bool:
        """Whether it runs when all is over."""
        return bool(self.node.procedureKind.name == "Final")

    @property
    def is_clocked(self) -> bool:
        """Whether it is an always block that is not followed, as it reads no files."""
        return not (self.is_initial or self.is_final or self.is_reader)

    @property
    def is_reader(self) -> bool:
        """Whether it runs again and again, and reads files."""
        return not self.is_initial and not self.is_final and self.facts.has_file_calls


def in_order(blocks: list[Block]) -> list[Block]:
    """The initial blocks as they stand, but for those that first wait, and then look at what others read.

    Such a one comes behind the blocks that read files sooner, unless they in turn look at what it sets.
    """
    found = list(blocks)
    for block in blocks:
        delay = _first_delay(block.node.body)
        behind = [
            other
            for other in found[found.index(block) + 1 :]
            if _makes(other, block) or (delay and _feeds(other, block, delay))
        ]
        if behind:
            found.remove(block)
            found.insert(found.index(behind[-1]) + 1, block)
    return sorted(found, key=lambda block: _is_led(block, blocks) or giving_first(block.facts) > 0)


def given_in_turns(block: Block, blocks: list[Block]) -> set[str]:
    """What other blocks change again and again, or once while they wait for this one, and at which this one
    looks before it reads on, without end: these variables are not known to it."""
    changed: set[str] = set()
    for other in _others(block, blocks):
        is_waiting = bool(other.facts.read & (block.facts.assigned - other.facts.assigned))
        changed |= (changed_late if is_waiting else changed_again)(other.node.body)
    return changed & block.facts.read - block.facts.assigned


def _is_led(block: Block, blocks: list[Block]) -> bool:
    """Whether a block that reads without end looks at what others give late that do not wait for it: it comes
    behind them."""
    looks, own = block.facts.read - block.facts.assigned, block.facts.assigned
    return any(
        changed_late(other.node.body) & looks
        and not other.facts.read & (own - other.facts.assigned)
        for other in _others(block, blocks)
    )


def _others(block: Block, blocks: list[Block]) -> list[Block]:
    """The other initial blocks, if this one reads without end."""
    initial = [other for other in blocks if other.is_initial and other is not block]
    return initial if block.is_endless else []


def _feeds(reader: Block, waiting: Block, delay: float) -> bool:
    """Whether `waiting` looks at what `reader` takes from a file, sooner or when it says so, and not the
    reverse."""
    is_sooner = _first_delay(reader.node.body) < delay
    is_awaited = bool(_awaited(waiting.node.body) & reader.facts.assigned)
    is_first = reader.facts.has_file_calls and (is_sooner or is_awaited)
    uses = waiting.facts.read & reader.facts.assigned
    is_used_itself = reader.facts.read & (waiting.facts.assigned - reader.facts.assigned)
    return is_first and bool(uses) and not is_used_itself


def _makes(maker: Block, user: Block) -> bool:
    """Whether `maker` at once makes an object that `user` looks at later."""
    made = maker.facts.created - user.facts.created
    is_at_once = not _first_delay(maker.node.body)
    return is_at_once and user.facts.has_timing and bool(made & user.facts.read)


def _awaited(statement: Any) -> set[str]:
    """The events and variables for which a block waits first."""
    for part in _parts(statement):
        if part.kind.name == "Wait":
            return set(facts_of(part.cond).read)
        if part.kind.name == "Timed":
            return set(facts_of(part.timing).read)
        if not _is_plain(part):
            break
    return set()


def _first_delay(statement: Any) -> float:
    """How long a block waits before it calls anything: delays in their units, `wait` and `@` as EVENT."""
    delay = 0.0
    for part in _parts(statement):
        if part.kind.name not in ("Timed", "Wait"):
            if _is_plain(part):
                continue
            return delay
        delay += _length(part)
        inner = part.stmt
        if inner.kind.name != "Empty" and not _is_plain(inner):
            return delay + _first_delay(inner)
    return delay


def _is_plain(statement: Any) -> bool:
    facts = facts_of(statement)
    return not (facts.has_timing or facts.has_file_calls or facts.calls)


def _parts(statement: Any) -> Iterator[Any]:
    """The statements of a block, one after the other."""
    if statement.kind.name == "Block" and statement.blockKind.name == "Sequential":
        yield from _parts(statement.body)
    elif statement.kind.name == "List":
        for part in statement.list:
            yield from _parts(part)
    else:
        yield statement


def _length(statement: Any) -> float:
    if statement.kind.name == "Wait" or statement.timing.kind.name != "Delay":
        return EVENT
    length = plain_number(statement.timing.expr)
    return EVENT if length is None else length


def plain_number(expression: Any) -> float | None:
    """The value of a literal, a parameter, or what is computed from such; None for anything else."""
    kind = expression.kind.name
    if kind == "Conversion":
        return plain_number(expression.operand)
    if kind in ("IntegerLiteral", "RealLiteral"):
        is_open = kind == "IntegerLiteral" and expression.value.hasUnknown
        return None if is_open else float(expression.value)
    if kind == "NamedValue" and expression.symbol.kind.name == "Parameter":
        value = expression.symbol.value.value
        return None if isinstance(value, (str, list)) else float(value)
    function = _ARITHMETIC.get(expression.op.name) if kind == "BinaryOp" else None
    if function is None:
        return None
    left, right = plain_number(expression.left), plain_number(expression.right)
    return None if left is None or not right else function(left, right)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "Add": add,
    "Subtract": sub,
    "Multiply": mul,
    "Divide": truediv,
}


def driven_names(bodies: list[Any]) -> Iterator[str]:
    """Paths of the nets of a testbench, and of what stands for names within the design."""
    for body in bodies:
        for member in body:
            if member.kind.name == "Net" or member.name == UNKNOWN_NAME:
                yield path_of(member)


def is_watched(blocks: list[Block], nets: Collection[str]) -> bool:
    """Whether a block with a clock, which is not followed, looks at the design and says what it finds: it
    calls a system task, or sets what a block that is followed looks at."""
    read = {name for block in blocks if not block.is_clocked for name in block.facts.read}
    return any(
        block.facts.read & set(nets) and (block.facts.prints or block.facts.assigned & read)
        for block in blocks
        if block.is_clocked
    )


def shared_names(blocks: list[Block]) -> Iterator[str]:
    """Single variables that one block with time in it takes from a file, again and again, while another such
    block looks at them."""
    timed = [block for block in blocks if block.is_initial and block.facts.has_timing]
    for block in timed:
        facts = block.facts
        if facts.has_file_calls:
            own = facts.assigned - facts.own - facts.arrays
            yield from (
                name for other in timed if other is not block for name in other.facts.read & own
            )
