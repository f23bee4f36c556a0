"""What a piece of a testbench does, seen without following it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.classes import (
    has_lifetime_of_its_own,
    is_member,
    overriders,
    own_properties,
    with_bases,
)
from tilewright.verilog.paths import path_of

FILE_CALLS = frozenset(
    (
        *("$fopen", "$fscanf", "$fgets", "$fgetc", "$ungetc", "$fread", "$fseek", "$rewind"),
        *("$readmemb", "$readmemh"),
    )
)
ARRAY_CHANGES = frozenset(
    (
        *("push_back", "push_front", "pop_back", "pop_front", "insert", "delete"),
        *("sort", "rsort", "reverse", "shuffle"),
    )
)
PRINTING = (
    *("$display", "$write", "$strobe", "$fdisplay", "$fwrite", "$fstrobe"),
    *("$error", "$fatal", "$warning", "$info", "$finish", "$stop"),
)
_HANDLE = {"$fscanf": 0, "$fseek": 0, "$rewind": 0, "$fgetc": 0}
_HANDLE |= {"$fgets": 1, "$ungetc": 1, "$fread": 1}
"""Which argument of a call is the file."""


@dataclass(slots=True)
class Facts:
    """What a piece of the tree does, the tasks that it calls included.

    assigned: paths of the variables that it writes. read: of those that it looks at. handles: expressions
    of the files that it reads. own: of those that it writes, the ones that each object or call has of its
    own. arrays: of those, the ones that are arrays. created: handles that it gives new objects.
    prints: it calls a system task that says something, or ends the simulation.
    """

    has_file_calls: bool = False
    prints: bool = False
    has_timing: bool = False
    assigned: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    handles: list[Any] = field(default_factory=list)
    opens: bool = False
    loads: bool = False
    calls: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)

    def collect(self, node: Any) -> None:
        """Add what `node` does."""
        node.visit(self._visit)

    def _visit(self, node: Any) -> None:
        kind = node.kind.name
        if kind == "Assignment":
            is_group = node.left.kind.name == "Concatenation"
            self._assign(node.left.operands if is_group else [node.left])
            if node.right.kind.name == "NewClass":
                self.created |= facts_of(node.left).read
        elif kind == "UnaryOp" and "crement" in node.op.name:
            self._assign([node.operand])
        elif kind == "Call":
            self._call(node)
        elif kind in ("Timed", "Wait"):
            self.has_timing = True
        elif kind == "VariableDeclaration" and node.symbol.initializer is not None:
            self._add(node.symbol)
        elif kind in ("NamedValue", "HierarchicalValue"):
            self.read.add(path_of(node.symbol))
        elif is_member(node):
            self.read.add(path_of(node.member))
        elif kind in ("NewClass", "EventTrigger"):
            (self._construct if kind == "NewClass" else self._trigger)(node)

    def _assign(self, targets: list[Any]) -> None:
        symbols = [whole_of(target).getSymbolReference() for target in targets]
        for symbol in symbols:
            if symbol is not None:
                self._add(symbol)

    def _add(self, symbol: Any) -> None:
        self.assigned.add(path_of(symbol))
        if symbol.type.isUnpackedArray:
            self.arrays.add(path_of(symbol))
        if has_lifetime_of_its_own(symbol):
            self.own.add(path_of(symbol))

    def _trigger(self, node: Any) -> None:
        self.assigned |= facts_of(node.target).read

    def _construct(self, node: Any) -> None:
        """What an object is made of, though no call shows it."""
        for class_ in with_bases(node.type.canonicalType):
            path = f"{class_.hierarchicalPath}::"
            if path in self.calls:
                continue
            self.calls.add(path)
            for symbol in own_properties(class_):
                if symbol.initializer is not None:
                    self._add(symbol)
                    self.collect(symbol.initializer)
            if class_.constructor is not None:
                self.collect(class_.constructor.body)

    def _call(self, call: Any) -> None:
        name = call.subroutineName
        if not call.isSystemCall:
            for subroutine in (call.subroutine, *overriders(call.subroutine)):
                path = path_of(subroutine)
                if path not in self.calls:
                    self.calls.add(path)
                    self.collect(subroutine.body)
            return
        self.prints = self.prints or name.startswith(PRINTING)
        if name in ARRAY_CHANGES:
            self._assign([call.arguments[0]])
        elif name in FILE_CALLS:
            self.has_file_calls = True
            self.opens = self.opens or name == "$fopen"
            self.loads = self.loads or name.startswith("$readmem")
            if name in _HANDLE:
                self.handles.append(call.arguments[_HANDLE[name]])


def whole_of(target: Any) -> Any:
    """The variable of which a target is a member."""
    while target.kind.name in ("MemberAccess", "ElementSelect", "RangeSelect"):
        if is_member(target):
            break
        target = target.value
    return target


def facts_of(node: Any) -> Facts:
    """What a piece of the tree does."""
    facts = Facts()
    facts.collect(node)
    return facts
