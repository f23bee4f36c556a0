"""Tell the C library to keep freed memory instead of returning it after every tensor."""

from __future__ import annotations

import ctypes
import sys

# Parameters of mallopt, from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_KEPT_BYTES, _PAD_BYTES = 2**31 - 1, 2**26


def keep_freed_memory() -> bool:
    """Let freed tensors be used again without the kernel; True if the C library is glibc.

    By default glibc maps every tensor of 32 MiB or more anew and unmaps it when it is freed, and the
    kernel clears its pages each time, in every training step. Holds for the whole process.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    options = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_TOP_PAD, _PAD_BYTES))
    return all(library.mallopt(option, value) == 1 for option, value in options)
