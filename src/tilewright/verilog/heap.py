"""Objects of classes, the calls under way, and which process touched what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.events import ReadEvent
from tilewright.verilog.values import Value

_MARK = "^"
LEAF = "~"
"""In a name, between a structure and a member of it."""
Process = tuple[int, ...]
"""A block with time in it, and the branches of the forks within; () is any code that nothing runs beside."""


@dataclass(slots=True)
class Heap:
    """What there is of objects while a testbench is followed.

    this: the object whose method runs, 0 where there is none. classes: the class of each object, by its
    number from 1 on. pending: of each object under construction, what gives the properties of one class
    their initial values. active: calls under way, by the path of the subroutine. process: the one that is
    followed; owners: the process that a property of an object, by its name, or a file read
    in a method, by its handle, belongs to.
    branches: how many branches of forks were followed. begun:
    static variables of blocks that have their initial values. is_kept: the result of the next call is copied
    to a variable, which is no use of it; returned: then, the read that it came from. boxes: what each mailbox
    holds, and the reads that left it; waiting: those that were found empty, and by which process.
    """

    this: int = 0
    classes: dict[int, Any] = field(default_factory=dict)
    pending: list[Callable[[Any], None]] = field(default_factory=list)
    active: dict[str, int] = field(default_factory=dict)
    process: Process = ()
    owners: dict[int | str, Process] = field(default_factory=dict)
    branches: int = 0
    begun: set[str] = field(default_factory=set)
    boxes: dict[int, list[tuple[Value, ReadEvent | None]]] = field(default_factory=dict)
    waiting: dict[int, Process] = field(default_factory=dict)
    is_kept: bool = False
    returned: ReadEvent | None = None

    def keep(self) -> None:
        """The result of the call that follows is copied."""
        self.is_kept, self.returned = True, None

    def take(self) -> ReadEvent | None:
        """The read that the result came from; None if it came from none."""
        event, self.is_kept, self.returned = self.returned, False, None
        return event

    def create(self, class_: Any) -> int:
        """The number of a new object."""
        self.classes[len(self.classes) + 1] = class_
        return len(self.classes)

    def is_shared(self, at: int | str) -> bool:
        """Whether another process, which time may let run first, has read file `at`, or changed a property of
        that name."""
        if self.pending:
            return False
        owner = self.owners.setdefault(at, self.process)
        if self.process[: len(owner)] == owner:
            self.owners[at] = self.process
            return False
        return bool(owner and self.process)

    def branch(self, process: Process) -> Process:
        """A new branch of a process."""
        self.branches += 1
        return (*process, self.branches)

    def join(self, branches: list[Process], process: Process) -> None:
        """The branches of a fork have ended: what they had belongs to the process that waited for them."""
        for at, owner in self.owners.items():
            if any(owner[: len(branch)] == branch for branch in branches):
                self.owners[at] = process


def copy_name(path: str, at: int) -> str:
    """The name under which the machine keeps the variable `path` of object `at`."""
    return f"{path}{_MARK}{at}"


def static_name(name: str) -> str:
    """The path of a variable, of whichever object it is, and of whichever member."""
    whole = name.partition(LEAF)[0]
    path, mark, number = whole.rpartition(_MARK)
    return path if mark and number.lstrip("-").isdigit() else whole
