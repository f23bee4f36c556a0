"""From a trained torch module to integers."""

from tilewright.recover.network import recover

__all__ = ["recover"]
