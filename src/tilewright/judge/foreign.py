"""Files that hold numbers in a form that nothing here reads, and how their owner gets at the numbers."""

from __future__ import annotations

from pathlib import Path

_WAVES = {
    ".fsdb": "fsdb2vcd {name} -o {stem}.vcd",
    ".vpd": "vpd2vcd {name} {stem}.vcd",
    ".wlf": "wlf2vcd {name} -o {stem}.vcd",
    ".qwave": "in Questa's visualizer, or dump a VCD with $dumpvars",
    ".trn": "simvisdbutil {name} -vcd -output {stem}.vcd",
    ".shm": "simvisdbutil {name} -vcd -output {stem}.vcd",
    ".wdb": "in xsim, open_vcd and log_vcd before run",
    ".lxt": "lxt2vcd {name} > {stem}.vcd",
    ".lxt2": "lxt2vcd {name} > {stem}.vcd",
    ".vzt": "vzt2vcd {name} > {stem}.vcd",
    ".evcd": "dump a VCD of four states, with $dumpvars in place of $dumpports",
}
"""How each kind of wave file becomes a VCD file."""
_TABLES = "save its sheet as CSV"
_NUMPY = "write the numbers with numpy.save, or as text"
_SUFFIXES = {
    ".xlsx": ("a workbook of Excel", _TABLES),
    ".xls": ("a workbook of Excel", _TABLES),
    ".ods": ("a sheet of LibreOffice", _TABLES),
    ".mat": ("a file of MATLAB", "writematrix(x, 'x.csv'), or scipy.io.loadmat and numpy.save"),
    ".h5": ("HDF5", _NUMPY),
    ".hdf5": ("HDF5", _NUMPY),
    ".parquet": ("a data frame", "pandas.read_parquet(..).to_csv"),
    ".feather": ("a data frame", "pandas.read_feather(..).to_csv"),
    ".pt": ("an archive of torch", "numpy.save('x.npy', tensor.numpy())"),
    ".pth": ("an archive of torch", "numpy.save('x.npy', tensor.numpy())"),
    ".ipynb": ("a notebook", "run in it numpy.save('x.npy', array)"),
    ".pdf": ("a document", "give the text of the dump"),
}
_STARTS = {
    b"\x1f\x8b\x08": ("packed by gzip", "gunzip it"),
    b"BZh": ("packed by bzip2", "bunzip2 it"),
    b"\xfd7zXZ": ("packed by xz", "unxz it"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "unzstd it"),
    b"\x89PNG": ("a picture", "give the text of the dump"),
    b"\xff\xd8\xff": ("a picture", "give the text of the dump"),
    b"%PDF": ("a document", "give the text of the dump"),
    b"\x89HDF": ("HDF5", _NUMPY),
    b"PAR1": ("a data frame", "pandas.read_parquet(..).to_csv"),
    b"MATLAB 5": ("a file of MATLAB", "scipy.io.loadmat and numpy.save"),
}


def foreign(path: Path, content: bytes) -> str | None:
    """Why a file cannot be read and what to do, where its name or its first octets say so; else None.

    >>> foreign(Path("run.FSDB"), b"")
    'run.FSDB must be a VCD, FST or GHW file to be read as waves: fsdb2vcd run.FSDB -o run.vcd'
    """
    suffix = path.suffix.lower()
    how = _WAVES.get(suffix)
    if how is not None:
        step = how.format(name=path.name, stem=path.stem)
        return f"{path} must be a VCD, FST or GHW file to be read as waves: {step}"
    found = next((said for start, said in _STARTS.items() if content.startswith(start)), None)
    is_own = (
        suffix == ".ipynb" or content.startswith((b"PK", b"\x80", b"\xd0\xcf")) or b"\0" in content
    )
    found = found or (_SUFFIXES.get(suffix) if is_own else None)
    if found is None:
        return None
    return f"{path} must be text, .npy or .npz, but is {found[0]}: {found[1]}"
