"""Wave files: which variables they hold, and what those held before the edges of a clock."""

from tilewright.waves.capture import is_capture
from tilewright.waves.condition import Condition
from tilewright.waves.recording import Recording, read_recording
from tilewright.waves.samples import Sample, Sampling, open_waves, read_samples
from tilewright.waves.wave_file import Variable, WaveFile

__all__ = [
    "Condition",
    "Recording",
    "Sample",
    "Sampling",
    "Variable",
    "WaveFile",
    "is_capture",
    "open_waves",
    "read_recording",
    "read_samples",
]
