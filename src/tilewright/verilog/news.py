"""What variables tell of reads that failed and of files that ended, and what the testbench says to that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tilewright.verilog.events import BYTES, MATCHED, NO_MATCH, ReadEvent, Stream
from tilewright.verilog.stored import Memory

Items = dict[int, ReadEvent | Stream]
"""Reads that failed; files that ended, or were not there. By their identity."""
NOTHING: Items = {}
MOST_TOLD = 256
"""Reads that failed of which one variable tells, the last ones."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What the testbench prints, and the line. is_complaint: it says that something is wrong; is_doubt: so it
    does if the simulation ends with it, as "unknown command"; is_excuse: it says that the testbench goes on
    without something."""

    line: int
    text: str
    is_complaint: bool = False
    is_doubt: bool = False
    is_excuse: bool = False


@dataclass(frozen=True, slots=True)
class Causes:
    """What the condition of a branch looked at. are_words: at what these reads left, not at their results.
    holes: elements of arrays of which it asked whether they are x, and that nothing filled."""

    reads: tuple[ReadEvent, ...] = ()
    are_words: bool = False
    holes: tuple[tuple[Memory, object], ...] = ()

    def criticize(self, complaint: tuple[int, str]) -> None:
        """The testbench complains in that branch: of a number, or of a text or one word more."""
        for memory, at in self.holes:
            for load in memory.loads:
                if isinstance(at, int) and load.fills(at):
                    load.is_seen = True
                    load.stale_reads.add(at)
            if not memory.loads and memory.filler is not None:
                memory.filler.is_last_of_few = True
        for one in self.reads:
            if one.load is not None:
                one.load.complaint = one.load.complaint or complaint
            if one.owner is not None and one.status == MATCHED:
                is_number = self.are_words and (one.is_word or one.code == BYTES)
                known = one.owner.criticized
                if known is None or (known[2] and not is_number):
                    one.owner.criticized = (*complaint, is_number)

    def break_off(self) -> None:
        """The testbench ends the simulation in that branch: what it complained of there is no mere number."""
        for one in self.reads:
            if one.owner is not None and one.owner.criticized is not None:
                one.owner.criticized = (*one.owner.criticized[:2], False)


NO_CAUSES = Causes()


@dataclass(slots=True)
class News:
    """told: what each variable tells, by its path. around: what the conditions of the branches under way
    told. returned: what the function that ends tells by its result. taken: variables that hold the result
    of a read that got something, or hang on a text; compared: those that are set where a word is compared.
    causes: of the branches under way. counted: of the loops over files under way, what they count. doubt: the
    last one that was said, and in which branch."""

    told: dict[str, Items] = field(default_factory=dict)
    taken: dict[str, ReadEvent] = field(default_factory=dict)
    compared: dict[str, ReadEvent] = field(default_factory=dict)
    causes: list[Causes] = field(default_factory=list)
    around: list[Items] = field(default_factory=list)
    counted: list[Collection[str]] = field(default_factory=list)
    returned: Items = field(default_factory=dict)
    doubt: tuple[Causes, Saying] | None = None

    @property
    def is_none(self) -> bool:
        """Whether nothing has failed, so that no variable tells anything."""
        return not (self.told or self.around)

    @property
    def here(self) -> Items:
        """What is known of where the process stands."""
        return {key: one for items in self.around for key, one in items.items()}

    def tell(self, names: Iterable[str], items: Items, *, is_whole: bool = True) -> None:
        """These variables get a value that tells this; is_whole: nothing is left of what they held."""
        items = {**items, **self.here} if self.around else items
        for name in names:
            known = {**self.told.get(name, NOTHING), **items} if not is_whole else items
            if len(known) > MOST_TOLD:
                known = dict(list(known.items())[-MOST_TOLD:])
            if known:
                self.told[name] = known
            else:
                self.told.pop(name, None)

    def take(self, names: Iterable[str], event: ReadEvent | None) -> None:
        """These variables get a value: the result of a read that got something, or another one."""
        if event is None and not (self.taken or self.compared):
            return
        for name in names:
            self.compared.pop(name, None)
            if event is not None and event.status == MATCHED:
                self.taken[name] = event
            else:
                self.taken.pop(name, None)

    def count(self, names: Iterable[str], memory: Memory) -> None:
        """These variables hang on an element that nothing filled: they tell how many words were loaded."""
        for load in memory.loads[-1:]:
            event = ReadEvent("", load.line, 0, 0, MATCHED, 0, 0, load=load)
            self.taken.update(dict.fromkeys(names, event))

    def begin(self, result: str) -> None:
        """A function begins: nothing is known of what its result will hang on."""
        self.taken.pop(result, None)
        self.compared.pop(result, None)

    def pass_by(self, names: Iterable[str], items: Items) -> None:
        """These variables would have been set if the reads had not failed: they tell of the file."""
        owners = [one.owner for one in items.values() if isinstance(one, ReadEvent)]
        self.tell(names, {id(one): one for one in owners if one is not None}, is_whole=False)

    def leave(self, names: Iterable[str], items: Items) -> None:
        """The same where a block, loop or call is left because of that; files that are missing count, too."""
        if items:
            self.pass_by(names, items)
            absent: Items = {key: one for key, one in items.items() if isinstance(one, Stream)}
            self.tell(names, absent, is_whole=False)

    @contextmanager
    def branch(self, items: Items, causes: Causes) -> Iterator[None]:
        """Within a branch whose condition tells this, and looked at these."""
        self.causes.append(causes)
        if items:
            self.around.append(items)
        try:
            yield
        finally:
            self.causes.pop()
            if items:
                self.around.pop()

    def blame(self, said: Saying | None, *, is_end: bool, is_over: bool) -> None:
        """The testbench says something, or ends the simulation: because of what the conditions around told?

        is_over: no loop over a file goes on.
        """
        complaint = (said.line, said.text) if said is not None and said.is_complaint else None
        for one in self.here.values():
            if isinstance(one, ReadEvent):
                is_called_wrong = complaint is not None and one.status == NO_MATCH
                one.is_fatal = one.is_fatal or ((is_end or is_called_wrong) and one.is_checked)
                one.is_reported = one.is_reported or one.is_checked
                if one.owner is not None and one.is_checked and (is_over or one.leader):
                    one.owner.complaint = one.owner.complaint or complaint
            elif one.content is None:
                one.is_optional &= said is not None and said.is_excuse and not is_end
            else:
                one.complaint = one.complaint or complaint
        if not self.causes:
            return
        here = self.causes[-1]
        if complaint is not None:
            here.criticize(complaint)
        elif said is not None and said.is_doubt:
            self.doubt = here, said
        if is_end:
            if self.doubt is not None and self.doubt[0] is here:
                here.criticize((self.doubt[1].line, self.doubt[1].text))
            here.break_off()


def failed(event: ReadEvent | None) -> Items:
    """What the result of a read tells: that it failed, if it did."""
    return {id(event): event} if event is not None and event.status != MATCHED else {}
