"""Objects of classes: variables of theirs, `new`, copies and casts (IEEE 1800-2017, 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.classes import (
    class_around,
    is_kind_of,
    is_member,
    is_property,
    own_properties,
    with_bases,
)
from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.heap import LEAF, copy_name
from tilewright.verilog.leaves import branch_of, is_field, is_row
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.signals import FinishSimulationSignal
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import copy

FindName = Callable[[Machine], str]
_UNKNOWN_OBJECT = -1
_NULL = "ends the simulation here: the handle is null, there is no object"


def find_name(expression: Any, compiler: Compiler, *, is_written: bool = False) -> FindName | None:
    """The name under which the machine keeps a variable, that of an object included; None if it is none."""
    kind = expression.kind.name
    if is_field(expression):
        branch = branch_of(expression)
        is_whole = branch is not None and not branch.selects
        return find_memory(expression, compiler, is_written=is_written) if is_whole else None
    if is_row(expression):
        return _find_row(expression, compiler, is_written=is_written)
    if kind in ("NamedValue", "HierarchicalValue"):
        symbol, handle = expression.symbol, None
    elif is_member(expression):
        symbol, handle = expression.member, compiler.expression(expression.value)
    else:
        return None
    path = path_of(symbol)
    if not is_property(expression):
        return lambda _: path
    line = compiler.line(expression)

    def find(machine: Machine) -> str:
        at = machine.heap.this if handle is None else object_of(handle(machine), machine, line)
        name = copy_name(path, at)
        if at == _UNKNOWN_OBJECT:
            machine.values[name], machine.memories[name] = UNKNOWN, Memory({None: UNKNOWN})
        elif is_written:
            machine.change(name, line)
        return name

    return find


def _find_row(expression: Any, compiler: Compiler, *, is_written: bool) -> FindName | None:
    """The name of an element that can grow."""
    find = find_name(expression.value, compiler, is_written=is_written)
    index = compiler.expression(expression.selector)
    if find is None or expression.selector.kind.name == "UnboundedLiteral":
        return None

    def find_row(machine: Machine) -> str:
        whole, at = find(machine), index(machine).bits
        name = f"{whole}{LEAF}{at}"
        machine.structures.add(whole.partition(LEAF)[0])
        if at is None:
            machine.memories[name] = Memory({None: UNKNOWN})
        return name

    return find_row


def find_memory(
    expression: Any, compiler: Compiler, *, is_written: bool = False
) -> FindName | None:
    """The name of the array of which an expression is an element, or of the leaf that it is a part of."""
    branch = branch_of(expression)
    if branch is None:
        return None
    find, suffix = find_name(branch.root, compiler, is_written=is_written), branch.suffix
    if find is None or not suffix:
        return find
    return lambda machine: find(machine) + suffix


def object_of(handle: Value, machine: Machine, line: int) -> int:
    """The object of a handle; a null one ends the simulation."""
    if handle.bits is None:
        machine.undecided(line, "which object this is cannot be computed")
        machine.lose_streams([""])
        return _UNKNOWN_OBJECT
    if handle.bits not in machine.heap.classes:
        machine.refuse(line, "null-object", "", _NULL)
        raise FinishSimulationSignal
    return handle.bits


def new_object(expression: Any, compiler: Compiler) -> Evaluate:
    """``new``, and ``super.new`` within a constructor."""
    if expression.isSuperClass:
        return _super_new(expression, compiler)
    class_ = expression.type.canonicalType
    build = _construction(class_, expression.constructorCall, compiler)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        at = machine.heap.create(class_)
        build(machine, at)
        return Value(at)

    return evaluate


Build = Callable[[Machine, int], None]


def _construction(class_: Any, call: Any, compiler: Compiler) -> Build:
    """What gives an object the values of one class and of those that it extends.

    Those of the base class come first, then initial values of the properties, then the rest of the
    constructor.
    """
    constructor = class_.constructor
    run = _constructor(constructor, call, compiler)
    has_super = constructor is not None and _calls_super(constructor)
    base = None if has_super else _base(class_, compiler)
    begin = _lazily(lambda: initial_values(class_, compiler))

    def build(machine: Machine, at: int) -> None:
        heap = machine.heap
        give = run(machine)
        caller, heap.this = heap.this, at
        heap.pending.append(begin)
        try:
            if base is not None:
                base(machine, at)
            if not has_super:
                begin(machine)
            give(at)
        finally:
            heap.pending.pop()
            heap.this = caller

    return build


def _constructor(
    constructor: Any, call: Any, compiler: Compiler
) -> Callable[[Machine], Callable[[int], object]]:
    """Takes the arguments at once, and runs the constructor later."""
    if constructor is None:
        return lambda _: lambda _: None
    if call is not None:
        return compiler.prepare_call(call.subroutine, list(call.arguments))
    arguments = [formal.defaultValue for formal in constructor.arguments]
    return compiler.prepare_call(constructor, arguments)


def _calls_super(constructor: Any) -> bool:
    found: list[Any] = []

    def visit(node: Any) -> None:
        if node.kind.name == "NewClass" and node.isSuperClass:
            found.append(node)

    constructor.body.visit(visit)
    return bool(found)


def _base(class_: Any, compiler: Compiler) -> Build | None:
    """What a constructor calls though nobody wrote it."""
    base = class_.baseClass
    if base is None:
        return None
    call = class_.baseConstructorCall
    while call is not None and call.kind.name == "NewClass":
        call = call.constructorCall
    return _construction(base.canonicalType, call, compiler)


def _super_new(expression: Any, compiler: Compiler) -> Evaluate:
    call = expression.constructorCall
    base = None if call is None else class_around(call.subroutine)
    build = None if base is None else _construction(base, call, compiler)

    def evaluate(machine: Machine) -> Value:
        heap = machine.heap
        begin = heap.pending[-1]
        if build is not None:
            build(machine, heap.this)
        begin(machine)
        return UNKNOWN

    return evaluate


def _lazily(compile_it: Callable[[], Run]) -> Run:
    """Compiled where it first runs: a class may hold objects of its own."""
    known: list[Run] = []

    def run(machine: Machine) -> None:
        if not known:
            known.append(compile_it())
        known[0](machine)

    return run


def initial_values(class_: Any, compiler: Compiler) -> Run:
    """The initial values of the properties that a class itself declares, of the object under construction."""
    runs = [
        run
        for one in own_properties(class_)
        if (run := compiler.initialize(one, _property_name(one))) is not None
    ]

    def run_all(machine: Machine) -> None:
        for run in runs:
            run(machine)

    return run_all


def _property_name(symbol: Any) -> FindName:
    path = path_of(symbol)
    return lambda machine: copy_name(path, machine.heap.this)


def copy_object(expression: Any, compiler: Compiler) -> Evaluate:
    """``new other``: an object with the same values; objects that these are handles of are the same."""
    source, line = compiler.expression(expression.sourceExpr), compiler.line(expression)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        at = object_of(source(machine), machine, line)
        if at == _UNKNOWN_OBJECT:
            return UNKNOWN
        class_ = machine.heap.classes[at]
        new = machine.heap.create(class_)
        for one in with_bases(class_):
            for symbol in own_properties(one):
                path = path_of(symbol)
                copy(machine, copy_name(path, at), copy_name(path, new))
        return Value(new)

    return evaluate


def cast(call: Any, compiler: Compiler) -> Evaluate | None:
    """`$cast` of a handle; None where it casts anything else."""
    place = (
        call.arguments[0].left if call.arguments[0].kind.name == "Assignment" else call.arguments[0]
    )
    if not place.type.isClass:
        return None
    target, source = compiler.target(place), compiler.expression(call.arguments[1])
    wanted = place.type.canonicalType

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine)
        if handle.bits is None:
            target(machine, UNKNOWN)
            return UNKNOWN
        is_fit = not handle.bits or is_kind_of(machine.heap.classes[handle.bits], wanted)
        if is_fit:
            target(machine, handle)
        return Value(int(is_fit))

    return evaluate
