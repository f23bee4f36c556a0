"""What interrupts a process of a testbench: exceptions that steer, and are no errors."""


class StopProcessSignal(Exception):  # noqa: N818 - control flow, no error
    """The present initial block goes no further."""


class WaitForeverSignal(Exception):  # noqa: N818 - control flow, no error
    """The present process waits for what no other one gives."""


class FinishSimulationSignal(Exception):  # noqa: N818 - control flow, no error
    """`$finish` or `$stop`."""


class BreakLoopSignal(Exception):  # noqa: N818 - control flow, no error
    """`break`."""


class ContinueLoopSignal(Exception):  # noqa: N818 - control flow, no error
    """`continue`."""


class ReturnCallSignal(Exception):  # noqa: N818 - control flow, no error
    """`return`; the arguments are the value, the read that left it, and what the conditions around tell."""


class DisableBlockSignal(Exception):  # noqa: N818 - control flow, no error
    """`disable` of a named block; the arguments are its name, and what the conditions around tell."""
