"""Wave files: which variables they hold, and what those held before the edges of a clock."""

from tilewright.waves.recording import Recording, read_recording
from tilewright.waves.vcd import Sample, Sampling, Variable, WaveFile, read_samples

__all__ = [
    "Recording",
    "Sample",
    "Sampling",
    "Variable",
    "WaveFile",
    "read_recording",
    "read_samples",
]
