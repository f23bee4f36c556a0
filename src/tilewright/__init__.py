"""tilewright: train a quantized network, and prove, bit for bit, that a systolic array computes it."""

from importlib.metadata import version

__version__ = version("tilewright")
