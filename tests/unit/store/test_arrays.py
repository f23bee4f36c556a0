"""Files of numpy arrays: read, or refused before they fill the memory."""

import io
from pathlib import Path

import numpy as np
import pytest

from tilewright.errors import ArtifactError
from tilewright.store import arrays
from tilewright.store.arrays import read_arrays

PATH = Path("folder/psum.npz")


def packed(**named):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def test_both_kinds_of_file_are_read():
    values = np.arange(6).reshape(2, 3)
    buffer = io.BytesIO()
    np.save(buffer, values)
    assert np.array_equal(read_arrays(packed(psum=values), PATH)["psum"], values)
    assert np.array_equal(read_arrays(buffer.getvalue(), PATH)["psum"], values)


def test_a_small_file_that_unpacks_to_much_is_refused(monkeypatch):
    monkeypatch.setattr(arrays, "MOST_BYTES", 1 << 20)
    content = packed(psum=np.zeros(1 << 20, np.int64))
    assert len(content) < 1 << 14
    with pytest.raises(
        ArtifactError, match=r"psum\.npz must hold at most 1,048,576 bytes when unp"
    ):
        read_arrays(content, PATH)


@pytest.mark.parametrize("content", [b"", b"PK", b"psum 1 2 3", packed(psum=np.zeros(3))[:-30]])
def test_what_is_no_file_of_arrays_is_refused(content):
    with pytest.raises(ArtifactError, match=r"psum\.npz is not a file of numpy arrays"):
        read_arrays(content, PATH)


def test_octets_that_are_no_arrays_are_not_said_to_be_pickles():
    with pytest.raises(
        ArtifactError, match=r"begin as \.npy or \.npz files do, but begins with b'junk"
    ):
        read_arrays(b"junk and more", Path("psum.npy"))
