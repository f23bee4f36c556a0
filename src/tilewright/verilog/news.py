"""What variables tell of reads that failed and of files that ended, and what the testbench says to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tilewright.verilog.events import MATCHED, ReadEvent, Stream

Items = dict[int, ReadEvent | Stream]
"""Reads that failed; files that ended, or were not there. By their identity."""
NOTHING: Items = {}


@dataclass(slots=True)
class News:
    """told: what each variable tells, by its path. around: what the conditions of the branches under way
    told. returned: what the function that ends tells by its result."""

    told: dict[str, Items] = field(default_factory=dict)
    around: list[Items] = field(default_factory=list)
    returned: Items = field(default_factory=dict)

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
            if known:
                self.told[name] = known
            else:
                self.told.pop(name, None)

    def pass_by(self, names: Iterable[str], items: Items) -> None:
        """These variables would have been set if the reads had not failed: they tell of the file."""
        owners = [one.owner for one in items.values() if isinstance(one, ReadEvent)]
        self.tell(names, {id(one): one for one in owners if one is not None}, is_whole=False)

    @contextmanager
    def branch(self, items: Items) -> Iterator[None]:
        """Within a branch whose condition tells this."""
        if not items:
            yield
            return
        self.around.append(items)
        try:
            yield
        finally:
            self.around.pop()

    def blame(self, *, is_end: bool, complaint: tuple[int, str] | None, is_over: bool) -> None:
        """The testbench says something, or ends the simulation: because of what the conditions around told?

        complaint: line and text, if what it says is a complaint; is_over: no loop over a file goes on.
        """
        for one in self.here.values():
            if isinstance(one, ReadEvent):
                one.is_fatal = one.is_fatal or (is_end and one.is_checked)
                one.is_reported = one.is_reported or one.is_checked
                if one.owner is not None and one.is_checked and is_over:
                    one.owner.complaint = one.owner.complaint or complaint
            elif one.content is None:
                one.is_optional = False
            else:
                one.complaint = one.complaint or complaint


def failed(event: ReadEvent | None) -> Items:
    """What the result of a read tells: that it failed, if it did."""
    return {id(event): event} if event is not None and event.status != MATCHED else {}
