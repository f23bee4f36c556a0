"""Dumps as Python, R, gdb, terminals and UVM print them: read, and a wrong number in each is named."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.judge.test_strangers_dumps import MASK, faulty, lines, numbers, pixels, places
from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump

WRONG = [(1, 1, 0)]


def shown(psums, form="{:d}"):
    return np.array2string(psums, separator=", ", formatter={"int": lambda x: form.format(int(x))})


def row(psums):
    return ", ".join(map(str, numbers(psums)))


def counted(form, count):
    def write(psums):
        flat = numbers(psums)
        starts = range(0, len(flat), count)
        return "".join(form(at, " ".join(map(str, flat[at : at + count]))) + "\n" for at in starts)

    return write


def scoreboard(psums):
    return "".join(
        f"UVM_{'ERROR' if n == 9 else 'INFO'} sb.sv({57 if n == 9 else 55}) @ {n}: env.sb [SB] "
        f"{'MISMATCH' if n == 9 else 'MATCH'} exp={7 if n == 9 else x} act={x}\n"
        for n, _, _, _, x in places(psums)
    )


def moments(form):
    return lambda v: "".join(
        form.format(s=f"{n % 60:02d}", m=f"{37 * n % 1000:03d}", x=x) + "\n"
        for n, *_, x in places(v)
    )


PRINTED = {
    "torch on a device": lambda v: f"tensor({shown(v)}, device='cuda:0')\n",
    "torch with a gradient": lambda v: f"tensor({shown(v, '{}.')}, grad_fn=<ConvolutionBackward0>)\n",
    "torch in few digits": lambda v: f"tensor({shown(v, '{:.4e}')})\n",
    "a parameter of torch": lambda v: f"Parameter containing:\ntensor({shown(v)}, requires_grad=True)\n",
    "a size before a tensor": lambda v: f"torch.Size([4, 2, 3])\ntensor({shown(v)})\n",
    "tensorflow": lambda v: f"tf.Tensor(\n{v}, shape=(4, 2, 3), dtype=int32)\n",
    "jax": lambda v: f"Array({shown(v)}, dtype=int32)\n",
    "PYNQ": lambda v: f"PynqBuffer({shown(v)}, dtype=int32)\n",
    "a shape before an array": lambda v: f"{v.shape}\n{v}\n",
    "a name before an array": lambda v: f"psum = {v!r}\n",
    "R": counted(lambda at, text: f"[{at + 1}] {text}", 9),
    "Scala": lambda v: f"Vector({row(v)})\n",
    "Rust": lambda v: f"[src/main.rs:12:5] psum = [\n    {row(v)},\n]\n",
    "Bluespec": lambda v: "<V " + lines("'h{h}")(v).replace("\n", " ") + ">\n",
    "gdb": lambda v: f"$1 = {{{row(v)}}}\n",
    "a vector in gdb": lambda v: f"$2 = std::vector of length 24, capacity 32 = {{{row(v)}}}\n",
    "bits of cocotb": lines("{t}.00ns INFO  core  out=LogicArray('{b}', Range(11, 'downto', 0))"),
    "colors of a terminal": lines("\x1b[32m{t}ns\x1b[0m \x1b[1mINFO\x1b[0m psum=\x1b[34m{x}\x1b[0m"),
    "colored numbers": lines("\x1b[32m{x}\x1b[0m"),
    "times of a day": moments("2026-11-30 12:00:{s},{m} tb INFO psum={x}"),
    "times of a zone": moments("[2026-11-30T12:00:{s}.{m}Z] psum={x}"),
    "lines of a source": lambda v: "".join(f"tb.sv:{40 + n % 3}: psum={x}\n" for n, *_, x in places(v)),
    "a scoreboard": scoreboard,
    "places before a number": lambda v: "".join(lines("PSUM {oc} {oh} {ow} = {x}")(v).splitlines(True)[::-1]),
    "a row a channel": lambda v: "".join(
        f"oc {n}: {' '.join(map(str, plane.ravel()))}\n" for n, plane in enumerate(v)
    ),
    "a row a pixel": lambda v: "".join(
        f"onij {n}: {' '.join(map(str, one))}\n" for n, one in enumerate(pixels(v))
    ),
    "rows that are counted": lambda v: "".join(
        f"[{n}] = {{{', '.join(map(str, one))}}}\n" for n, one in enumerate(pixels(v))
    ),
    "a table with a count of pixels": lambda v: "pixel,oc0,oc1,oc2,oc3\n" + "".join(
        f"{n},{','.join(map(str, one))}\n" for n, one in enumerate(pixels(v))
    ),
    "a table of channels": lambda v: f"oc,{','.join(f'onij{n}' for n in range(6))}\n" + "".join(
        f"{n},{','.join(map(str, plane.ravel()))}\n" for n, plane in enumerate(v)
    ),
    "a pivot table": lambda v: f"oc,{','.join(f'onij{n}' for n in (3, 0, 5, 1, 4, 2))}\n" + "".join(
        f"{n},{','.join(str(plane.ravel()[at]) for at in (3, 0, 5, 1, 4, 2))}\n"
        for n, plane in reversed(list(enumerate(v)))
    ),
    "rows behind a count of numbers": counted(lambda at, text: f"[{at}] = {text}", 4),
    "titles of the time and the cycle": lambda v: "sim_time,dut_cycle,psum\n" + lines("{t}.5,{n}7,{x}")(v),
    "a model is named": lambda v: "model: resnet8\n" + lines("{x}")(v),
    "an index like a line of a source": lambda v: "".join(
        lines("dut.v({n}) = {x}")(v).splitlines(True)[::-1]
    ),
    "units in titles": lambda v: "time (ns),psum [LSB]\n" + lines("{t},{x}")(v),
    "units below titles": lambda v: "time,psum\nns,LSB\n" + lines("{t},{x}")(v),
    "psql": lambda v: " oc | oh | ow | psum\n----+----+----+------\n" + lines(" {oc} | {oh} | {ow} | {x}")(v)
    + "(24 rows)\n",
    "a drawn table": lambda v: "\u250f\u2501\u2533\u2501\u2513\n\u2503 n \u2503 psum \u2503\n"
    + "\u2521\u2501\u2547\u2501\u2529\n" + lines("\u2502 {n} \u2502 {x} \u2502")(v) + "\u2514\u2500\u2518\n",
    "a verdict beside it": lambda v: "oc,oh,ow,psum,check\n" + lines("{oc},{oh},{ow},{x},PASS")(v),
    "a layer beside it": lambda v: "layer,oc,oh,ow,psum\n" + lines("conv1,{oc},{oh},{ow},{x}")(v),
    "another number beside it": lambda v: "cpu,fpga\n" + lines("{x},{x}")(v),
    "text of Excel": lambda v: "oc,oh,ow,psum\n" + lines('{oc},{oh},{ow},="{x}"')(v),
    "bookkeepers": lambda v: "".join(f"({-x})\n" if x < 0 else f"{x}\n" for x in numbers(v)),
}  # fmt: skip


@pytest.mark.parametrize("form", PRINTED)
def test_it_is_read_and_one_wrong_number_in_it_is_named(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    for wrong in (psums, faulty(psums)):
        path.write_text(PRINTED[form](wrong))
        found = compare(bundle, read_dump(bundle, path))
        assert found.compared == psums.size
        assert [one.index for one in found.first] == ([] if wrong is psums else WRONG)


def test_numbers_that_gdb_repeats(bundle, psums, tmp_path):
    path, flat = tmp_path / "dump.txt", np.zeros_like(psums).ravel()
    flat[:4] = 5, -7, -7, 3
    path.write_text("$1 = {5, -7 <repeats 2 times>, 3, 0 <repeats 20 times>}\n")
    assert numbers(read_dump(bundle, path).values) == flat.tolist()


def words(psums, radix):
    form = "{:03x}" if radix == "hex" else "{:012b}"
    return ["".join(form.format(x & MASK) for x in one) for one in pixels(psums)]


WORDS = {
    "a log": lambda w: "".join(f"{10 * n} sfp_out={x}\n" for n, x in enumerate(w)),
    "a table": lambda w: "cycle,sfp_out\n" + "".join(f"{9 * n},{x}\n" for n, x in enumerate(w)),
    "beside the answer": lambda w: "".join(
        f"{n}-th output Data ERROR!!\nsfpout: {x}\nanswer: {'1' * len(x)}\n" for n, x in enumerate(w)
    ),
}  # fmt: skip


@pytest.mark.parametrize("radix", ["hex", "binary"])
@pytest.mark.parametrize("form", WORDS)
def test_words_of_several_sums_in_a_log_or_table(bundle, psums, tmp_path, form, radix):
    path = tmp_path / "dump.txt"
    for wrong in (psums, faulty(psums)):
        path.write_text(WORDS[form](words(wrong, radix)))
        found = compare(bundle, read_dump(bundle, path, order="oh ow oc"))
        assert [one.index for one in found.first] == ([] if wrong is psums else WRONG)
    with pytest.raises(FormatError, match=r"each word has 4 numbers of 12 bits: say --order"):
        read_dump(bundle, path)


SHORTENED = {
    "numpy": lambda v: np.array2string(v.ravel(), threshold=5),
    "rows of numpy": lambda v: np.array2string(np.tile(v.ravel(), (9, 1)).T, threshold=5),
    "pandas": lambda _: "    psum\n0   22\n1  -77\n..  ...\n22   9\n23   8\n",
    "gdb": lambda _: "$1 = {1, 2, 3, 4...}\n",
}


@pytest.mark.parametrize("form", SHORTENED)
@pytest.mark.parametrize("is_partial", [False, True])
def test_a_list_that_its_writer_shortened_is_refused(bundle, psums, tmp_path, form, is_partial):
    path = tmp_path / "dump.txt"
    path.write_text(SHORTENED[form](psums))
    with pytest.raises(FormatError, match=r"line \d leaves numbers out, .*: print all of them"):
        read_dump(bundle, path, is_partial=is_partial)


@pytest.mark.parametrize("end", ["...\n", "Loading ...\n", "done...\n"])
def test_dots_that_leave_nothing_out(bundle, psums, tmp_path, end):
    path = tmp_path / "dump.txt"
    path.write_text(lines("{x}")(psums) + end)
    assert compare(bundle, read_dump(bundle, path)).passed


def test_numbers_of_too_few_digits_are_refused(bundle, psums, tmp_path):
    """Those of torch have five digits: a sixth one is rounded away, and would be a wrong sum."""
    path = tmp_path / "dump.txt"
    path.write_text(f"tensor({shown(psums + 123456, '{:.4e}')})\n")
    with pytest.raises(FormatError, match=r"'1.23..e\+05', which is rounded: .*sci_mode=False"):
        read_dump(bundle, path)


def test_a_first_row_is_no_shape(bundle, tmp_path):
    numbers_of_rows = [[4, 2, 3], *[[n, -n, 7] for n in range(7)]]
    path = tmp_path / "dump.txt"
    path.write_text("".join(f"{row}\n" for row in numbers_of_rows))
    assert read_dump(bundle, path).values.reshape(-1, 3).tolist() == numbers_of_rows


def test_activations_beside_expected_sums_are_not_taken(bundle, psums, tmp_path):
    """``act`` is short for actual and for activation."""
    path = tmp_path / "dump.csv"
    path.write_text("act,exp,psum\n" + lines("{x},{x},{x}")(psums))
    with pytest.raises(FormatError, match=r"is a table, but what its columns act are is not known"):
        read_dump(bundle, path)


BLOCKS = {
    "no titles": lambda v: f"{v}\n\n{v + 1}\n",
    "names of numpy": lambda v: f"Arrays are not equal\n x: {v!r}\n y: {v + 1!r}\n",
}


@pytest.mark.parametrize("form", BLOCKS)
def test_rows_of_several_blocks_are_not_mixed(bundle, psums, tmp_path, form):
    """Rows within the blocks may be as many as are expected."""
    path = tmp_path / "dump.txt"
    path.write_text(BLOCKS[form](psums))
    with pytest.raises(FormatError, match=r"must hold"):
        read_dump(bundle, path)


FOREIGN = {
    "sim.FSDB": (b"", "as waves: fsdb2vcd sim.FSDB -o sim.vcd"),
    "sim.vpd": (b"", "vpd2vcd sim.vpd sim.vcd"),
    "vsim.wlf": (b"", "wlf2vcd vsim.wlf -o vsim.vcd"),
    "sim.trn": (b"", "simvisdbutil sim.trn -vcd -output sim.vcd"),
    "sim.wdb": (b"", "open_vcd and log_vcd"),
    "x.xlsx": (b"PK\x03\x04", "a workbook of Excel: save its sheet as CSV"),
    "x.mat": (b"MATLAB 5.0 MAT-file" + bytes(9), "a file of MATLAB: scipy.io.loadmat"),
    "x.pt": (b"PK\x03\x04" + bytes(9), "an archive of torch: numpy.save"),
    "x.parquet": (b"PAR1" + bytes(9), "a data frame"),
    "x.vcd.gz": (b"\x1f\x8b\x08" + bytes(9), "packed by gzip: gunzip it"),
    "run.ipynb": (b'{"cells": []}', "a notebook: run in it numpy.save"),
    "x.png": (b"\x89PNG\r\n", "a picture"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_sort_is_named_with_the_way_out(bundle, tmp_path, name):
    content, said = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError) as refused:
        read_dump(bundle, tmp_path / name)
    assert said in str(refused.value)


@pytest.mark.parametrize("first", [0x80, 0x89, 0x1F])
def test_octets_that_begin_like_a_pickle_are_numbers(bundle, psums, tmp_path, first):
    path, octets = tmp_path / "dump.bin", bytearray(psums.astype("<i2").tobytes())
    octets[0] = first
    path.write_bytes(octets)
    assert read_dump(bundle, path).values.ravel()[0] & 0xFF == first
