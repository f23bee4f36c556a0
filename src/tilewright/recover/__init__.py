"""From a trained torch module to integers."""

import sys
from types import ModuleType
from typing import Any

from tilewright.recover.capture import trace_forward
from tilewright.recover.network import recover

__all__ = ["recover", "trace_forward"]


class _Callable(ModuleType):
    """This room, as whoever asks the package for `recover` finds it once the room is loaded: it recovers."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        """`recover` of these arguments."""
        return recover(*given, **named)


sys.modules[__name__].__class__ = _Callable
