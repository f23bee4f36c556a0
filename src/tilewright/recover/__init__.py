"""From a trained torch module to integers."""

from tilewright.recover.capture import trace_forward
from tilewright.recover.network import recover

__all__ = ["recover", "trace_forward"]
