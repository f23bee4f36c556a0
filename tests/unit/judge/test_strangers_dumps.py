"""Dumps of the kinds that engineers really have: each is read, and one wrong number in it is named."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.judge import compare, read_dump

WRONG = (1, 1, 0)
MASK = 0xFFF
"""The sums of the golden bundle have 12 bits."""


def numbers(psums):
    return psums.ravel().tolist()


def places(psums):
    return [(n, *place, int(psums[place])) for n, place in enumerate(np.ndindex(psums.shape))]


def lines(form):
    """A line for each number: n, oc, oh, ow, the number x, its digits h (three) and b (twelve)."""

    def write(psums):
        rows = places(psums)
        return "".join(
            form.format(n=n, oc=oc, oh=oh, ow=ow, x=x, a=abs(x), s="-" * (x < 0), u=x & MASK,
                        h=f"{x & MASK:03x}", b=f"{x & MASK:012b}", t=10 * n) + "\n"
            for n, oc, oh, ow, x in rows
        )  # fmt: skip

    return write


def pixels(psums):
    """``onij oc``."""
    return psums.transpose(1, 2, 0).reshape(-1, len(psums)).tolist()


def wrapped(form, count):
    """Lines of so many numbers behind how many stand before them."""

    def write(psums):
        flat = numbers(psums)
        starts = range(0, len(flat), count)
        return "".join(form(at, flat[at : at + count]) + "\n" for at in starts)

    return write


def octets(psums):
    return psums.astype("<i2").tobytes()


LITERALS = {
    "signed decimal": lines("{s}16'sd{a}"),
    "unsigned decimal": lines("12'd{u}"),
    "hexadecimal": lines("12'h{h}"),
    "wider": lambda v: "".join(f"20'b{x & 0xFFFFF:020b}\n" for x in numbers(v)),
    "octal": lambda v: "".join(f"12'o{x & MASK:04o}\n" for x in numbers(v)),
    "without a size": lines("'h{h}"),
    "of Quartus": lines("{h}h"),
    "of VHDL": lines('x"{h}"'),
    "of Python": lambda v: "".join(f"{x:#x}\n" for x in numbers(v)),
    "an assignment pattern": lambda v: "psum = '{" + ", ".join(
        f"12'h{x & MASK:x}" for x in numbers(v)
    ) + "}\n",
    "nested": lambda v: "'{" + ", ".join("'{" + ", ".join(map(str, p.ravel())) + "}" for p in v) + "}\n",
    "an associative array": lambda v: "'{" + ", ".join(
        f"{n}:{x}" for n, x in enumerate(numbers(v))
    ) + "} \n",
}  # fmt: skip
LISTS = {
    "quoted": lambda v: ",".join(f'"{x:,}"' for x in numbers(1000 * v)) + "\n",
    "a minus of typesetters": lambda v: "".join(f"{x}\n".replace("-", "\u2212") for x in numbers(v)),
    "YAML": lambda v: "psum:\n" + "".join(f"  - {x}\n" for x in numbers(v)),
    "YAML in YAML": lambda v: "psum:\n" + "".join(
        "- - " + "\n  - ".join(str(row) for row in plane) + "\n" for plane in v.tolist()
    ),
    "YAML's flow": lambda v: f"layer: conv1\npsum: {numbers(v)}\n",
    "one line of C": lambda v: f"int psum[24] = {{{', '.join(map(str, numbers(v)))}}};\n",
    "an array of characters": lambda v: "unsigned char psum_bin[] = {\n" + ",\n".join(
        "  " + ", ".join(f"0x{o:02x}" for o in octets(v)[at : at + 12]) for at in range(0, 48, 12)
    ) + "\n};\nunsigned int psum_bin_len = 48;\n",
    "xxd -p": lambda v: "\n".join(octets(v).hex()[at : at + 60] for at in range(0, 96, 60)) + "\n",
    "$writememh": lambda v: "// 0x00000000\n" + lines("{h}")(v),
    "a memory of ModelSim": lambda v: "// format=mti addressradix=h dataradix=h\n" + wrapped(
        lambda at, row: f"{at:3x}: " + " ".join(f"{x & MASK:03x}" for x in row), 5
    )(v),
    "a transcript": lambda v: "# vsim tb\n# run -all\n" + lines("# {x}")(v) + "# ** Note: $finish\n",
    "a transcript of digits": lambda v: "Reading pref.tcl\n\n# vsim tb\n" + lines("# {h}")(v),
    "unknown between": lines("xxx\n{h}"),
    "text between": lambda v: "".join(
        f"{x}\n" + "WARNING: tb.sv\n" * (n == 7) for n, x in enumerate(numbers(v))
    ),
}  # fmt: skip
LISTS["a decimal comma"] = lambda v: "".join(
    ";".join(f"{x},0" for x in row) + "\r\n" for plane in v.tolist() for row in plane
)

LOGS = {
    "cocotb": lines("   {t}.00ns INFO     cocotb.tb                          psum[{n}] = {x}"),
    "a monitor of UVM": lines("UVM_INFO tb/mon.sv(42) @ {t}: uvm_test_top.env.mon [MON] psum={x}"),
    "$monitor": lines("Time={t:>8} clk=1 psum={x:>6}"),
    "$strobe": lines("[{t}] out=0x{h}"),
    "a trace": lines("[{t}] TOP.tb.dut: psum_o=0x{h}"),
    "a report of VHDL": lines("tb.vhd:88:9:@{t}ns:(report note): psum = {x}"),
    "a note of Questa": lines("# ** Note: psum={x}\n#    Time: {t} ns  Iteration: 0  Instance: /tb"),
    "expected first": lines("{t}: expected 5 got {x}"),
    "expected last": lines("{t}: psum={x} expected=5"),
    "in two lines": lines("expected psum = 5\nactual psum = {x}"),
    "binary": lines("{t} psum={b}"),
    "bubbles": lines("{t} valid=0 psum=xxx\n{t}.5 valid=1 psum={h}"),
    "not valid before": lambda v: "0 valid=x psum=xxx\n" * 3 + lines("{n} valid=1 psum={h}")(v),
    "indices": lines("psum[{oc}][{oh}][{ow}] = {x};"),
    "indices of a tuple": lambda v: "".join(lines("({oc}, {oh}, {ow}): {x}")(v).splitlines(True)[::-1]),
    "words that are places": lines("oc{oc} oh{oh} ow{ow}: {x}"),
    "an index downwards": lambda v: "".join(lines("mem[{n}]: {x}")(v).splitlines(True)[::-1]),
    "an index of hexadecimal digits": lines("mem[{n:02x}]: {h}"),
    "columns of numbers": lambda v: "".join(lines("{oc} {oh} {ow} {x}")(v).splitlines(True)[::-1]),
    "an index and a number": lines("{n} {x}"),
    "GTKWave": lines("#{t} 0x{h}"),
    "SignalTap": lambda v: "time unit: ns\nWaves, psum[11..0]\n" + lines("{n}, {h}h")(v),
    "a list of ModelSim": lambda v: "  ps   /tb/psum\n   delta\n" + lines("  {t:>8} +0  {x:>6}")(v),
    "lanes": lambda v: "".join(
        f"{10 * n}ns psum0={a} psum1={b} psum2={c} psum3={d}\n" for n, (a, b, c, d) in enumerate(pixels(v))
    ),
    "lines of JSON": lambda v: "".join(
        json.dumps({"ow": ow, "oh": oh, "oc": oc, "psum": x}) + "\n" for _, oc, oh, ow, x in places(v)[::-1]
    ),
    "events of JSON": lambda v: "".join(
        json.dumps({"time": 10 * n, "psum": x}) + "\n" for n, _, _, _, x in places(v)
    ),
    "titled blocks": lambda v: "".join(
        f"Channel {n}:\n" + "".join(" ".join(f"{x:5d}" for x in row) + "\n" for row in plane) + "\n"
        for n, plane in enumerate(v.tolist())
    ),
}  # fmt: skip

TABLES = {
    "a decimal comma": lambda v: "oc;oh;ow;psum\r\n" + lines("{oc};{oh};{ow};{x},0\r")(v),
    "a separator of Excel": lambda v: "sep=;\r\noc;oh;ow;psum\r\n" + lines("{oc};{oh};{ow};{x}")(v),
    "digits and bubbles": lambda v: "time,valid,psum\n" + lines("{t},0,xxx\n{t}.5,1,{h}")(v),
    "a wave viewer": lambda v: "Time\t/tb/dut/psum[11:0]\n" + lines("{t} ns\t{h}")(v),
    "thousands": lambda v: "cycle,expected,psum\n" + lines('{n},7,"{x:,}"')(v),
    "blanks": lambda v: "  oc  oh  ow   psum\n" + lines("{oc:4d}{oh:4d}{ow:4d}{x:7d}")(v),
    "a sorted frame": lambda v: ",psum\n" + "".join(lines("{n},{x}")(v).splitlines(True)[::-1]),
    "channels": lambda v: "cycle,ch0,ch1,ch2,ch3\n" + "".join(
        f"{n},{','.join(map(str, row))}\n" for n, row in enumerate(pixels(v))
    ),
    "channels turned": lambda v: "oc3,oc2,oc1,oc0\n" + "".join(
        f"{','.join(map(str, row[::-1]))}\n" for row in pixels(v)
    ),
}  # fmt: skip


def records(psums):
    return [{"oc": c, "oh": i, "ow": j, "psum": x} for _, c, i, j, x in places(psums)[::-1]]


OBJECTS = {
    "records": records,
    "records of digits": lambda v: {
        "conv1": [{**one, "psum": f"0x{one['psum'] & MASK:03x}"} for one in records(v)]
    },
    "lists beside each other": lambda v: {
        key: [one[key] for one in records(v)] for key in ("oc", "oh", "ow", "psum")
    },
    "columns of pandas": lambda v: {"psum": {str(n): x for n, x in enumerate(numbers(v))}},
    "a split frame": lambda v: {
        "columns": ["oc", "oh", "ow", "psum"],
        "index": list(range(24)),
        "data": [list(one.values()) for one in records(v)],
    },
}  # fmt: skip

TEXTS = {**{f"literals, {k}": v for k, v in LITERALS.items()}, **LISTS}
TEXTS |= {f"log, {k}": v for k, v in LOGS.items()} | {f"table, {k}": v for k, v in TABLES.items()}
TEXTS |= {f"JSON, {k}": lambda v, made=made: json.dumps(made(v)) for k, made in OBJECTS.items()}


def faulty(psums):
    wrong = psums.copy()
    wrong[WRONG] ^= 4
    return wrong


@pytest.mark.parametrize("form", TEXTS)
def test_it_is_read_and_one_wrong_number_in_it_is_named(bundle, psums, tmp_path, form):
    path = tmp_path / ("dump.json" if form.startswith("JSON") else "dump.txt")
    scale = 1000 if form == "quoted" else 1
    path.write_text(TEXTS[form](psums))
    dump = read_dump(bundle, path)
    assert dump.known.all()
    assert (dump.values == scale * psums).all()
    path.write_text(TEXTS[form](faulty(psums)))
    found = read_dump(bundle, path)
    assert np.argwhere(found.values != scale * psums).tolist() == [list(WRONG)]
    assert found.where(WRONG) is not None


PLACES = {
    "log, cocotb": "dump.txt line 10 lane 0",
    "log, a note of Questa": "dump.txt line 19 lane 0",
    "log, an index downwards": "dump.txt line 15 lane 0",
    "log, lanes": "dump.txt line 4 lane 1",
    "table, digits and bubbles": "dump.txt line 21 lane 0",
    "literals, an associative array": "dump.txt line 1 lane 9",
    "unknown between": "dump.txt line 20 lane 0",
    "xxd -p": "dump.txt line 1 lane 18",
    "a memory of ModelSim": "dump.txt line 3 lane 4",
    "JSON, records": "dump.json record 15 lane 0",
}


@pytest.mark.parametrize("form", PLACES)
def test_the_place_of_the_wrong_number_is_its_own(bundle, psums, tmp_path, form):
    path = tmp_path / PLACES[form].partition(" ")[0]
    path.write_text(TEXTS[form](faulty(psums)))
    (first,) = compare(bundle, read_dump(bundle, path)).first
    assert (first.index, str(first.place)) == (WRONG, PLACES[form])


@pytest.mark.parametrize("status", ["PASS", "ok:", "UVM_INFO"])
def test_a_log_that_tells_right_from_wrong_is_read_as_a_whole(bundle, psums, tmp_path, status):
    """Right lines and wrong ones begin with other words, and wrong ones say more."""
    rows = [f"{status} oc={o} oh={i} ow={j} psum={x}" for _, o, i, j, x in places(faulty(psums))]
    rows[9] = rows[9].replace(status, "FAIL") + f" expected {psums[WRONG]}"
    path = tmp_path / "sim.log"
    path.write_text("\n".join(rows))
    found = compare(bundle, read_dump(bundle, path))
    assert (found.compared, found.differ, found.first[0].index) == (24, 1, WRONG)


@pytest.mark.parametrize(("actual", "number"), [("12'hfb3", -77), ("fb3", -77), ("-12'd77", -77)])
def test_what_a_report_found_may_be_a_literal_or_digits(bundle, tmp_path, actual, number):
    """The size of a literal is no number of its own."""
    (tmp_path / "log").write_text(
        f"UVM_ERROR @ 10: oc=1, oh=0, ow=2: Expected: 12'h003, Actual: {actual}"
    )
    dump = read_dump(bundle, tmp_path / "log", pattern="places", is_rest_expected=True)
    assert (dump.known.sum(), dump.values[1, 0, 2]) == (1, number)


@pytest.mark.parametrize("form", ["{t} ns psum={x}", "{x}", "{n} {x}"])
def test_the_radix_of_numbers_that_could_be_decimal_is_said(bundle, psums, tmp_path, form):
    """Digits of sums that have no letters."""
    path, small = tmp_path / "dump.txt", (np.arange(24) * 7 % 24).reshape(psums.shape)
    path.write_text(lines(form)(small + 10))
    turned = [int(str(number), 16) for number in numbers(small + 10)]
    assert numbers(read_dump(bundle, path).values) == numbers(small + 10)
    assert numbers(read_dump(bundle, path, radix="hex").values) == turned
    with pytest.raises(ConfigError, match="a radix is decimal, hex, binary, not 'octal'"):
        read_dump(bundle, path, radix="octal")


@pytest.mark.parametrize("radix", ["hex", "binary"])
@pytest.mark.parametrize("is_first_left", [True, False])
def test_words_of_several_sums_stand_in_the_order_that_is_said(
    bundle, psums, tmp_path, radix, is_first_left
):
    form = "{:03x}" if radix == "hex" else "{:012b}"
    step, order = (1, "oh ow oc") if is_first_left else (-1, "oh ow -oc")
    for wrong in (psums, faulty(psums)):
        words = ["".join(form.format(x & MASK) for x in row[::step]) for row in pixels(wrong)]
        path = tmp_path / "dump.txt"
        path.write_text("\n".join(words))
        found = compare(bundle, read_dump(bundle, path, order=order))
        assert [one.index for one in found.first] == ([] if wrong is psums else [WRONG])
        with pytest.raises(FormatError, match=r"each word has 4 numbers of 12 bits: say --order"):
            read_dump(bundle, path)


@pytest.mark.parametrize("form", ["{:05x}", "{:024b}", "{:08x}"])
def test_words_of_sums_that_are_wider_than_said(bundle, psums, tmp_path, form):
    """A lane of 20, 24 or 32 bits holds a sum of 12 with its sign; how many lanes there are says that."""
    bits = len(form.format(0)) * (1 if form.endswith("b}") else 4)
    path = tmp_path / "dump.txt"
    for wrong in (psums, faulty(psums)):
        rows = [[form.format(x & ((1 << bits) - 1)) for x in row] for row in pixels(wrong)]
        path.write_text("".join(f"{''.join(row)}\n" for row in rows))
        found = compare(bundle, read_dump(bundle, path, order="oh ow oc"))
        assert [one.index for one in found.first] == ([] if wrong is psums else [WRONG])
    with pytest.raises(FormatError, match=rf"each word has 4 numbers of {bits} bits: say --order"):
        read_dump(bundle, path)


@pytest.mark.parametrize("form", ["{}", "36'h{}", "{} // 0x3", "0x{}", "@{n:x} {}"])
def test_words_of_the_layout_in_the_other_digits(bundle, psums, tmp_path, form):
    """The layout has binary words of three lanes, the highest bits first."""
    words = (bundle.folder / "psum.txt").read_text().splitlines()[3:]
    turned = [f"{int(word, 2):09x}" for word in words]
    path = tmp_path / "psum.txt"
    path.write_text("".join(form.format(word, n=n) + "\n" for n, word in enumerate(turned)))
    assert compare(bundle, read_dump(bundle, path)).passed
    turned[1] = f"{int(turned[1], 16) ^ 1:09x}"
    path.write_text("".join(form.format(word, n=n) + "\n" for n, word in enumerate(turned)))
    (first,) = compare(bundle, read_dump(bundle, path)).first
    assert str(first.place) == "psum.txt line 2 lane 2"


@pytest.mark.parametrize(
    "form", ["psum[{oc}][{oh}][{ow}] = {x}", "mem[{n}] = {x}", "oc={oc} oh={oh} ow={ow} psum={x}"]
)
def test_a_number_that_is_not_there_is_unknown_at_its_place(bundle, psums, tmp_path, form):
    """Those behind it keep theirs."""
    path, rows = tmp_path / "dump.txt", lines(form)(psums).splitlines(True)
    path.write_text("".join(rows[:9] + rows[10:]))
    with pytest.raises(FormatError, match=r"must hold 24 numbers .* hold 23: .*--partial"):
        read_dump(bundle, path)
    found = compare(bundle, read_dump(bundle, path, is_partial=True))
    assert (found.compared, found.differ, found.dump.known[WRONG]) == (23, 0, False)
    path.write_text("".join([*rows, rows[3]]))
    with pytest.raises(
        FormatError, match=r"hold 25: another layer|nobody knows which number counts"
    ):
        read_dump(bundle, path)


def test_a_line_that_is_cut_is_no_form_of_its_own(bundle, psums, tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text(lines("row={oh} ch={oc} at={ow} acc={x}")(psums) + "row=1 acc=2")
    with pytest.raises(FormatError, match="nobody knows which number counts"):
        read_dump(bundle, path, is_partial=True)


REFUSED = {
    "places in other words": (
        lines("i={oh} j={oc} k={ow} acc={x}"),
        r"of its 24 lines like 'i=#j=#k=#acc=#', of each line nobody knows .* say with --pattern",
    ),
    "indices of another order": (
        lambda v: "".join(lines("psum[{ow}][{oh}][{oc}] = {x}")(v).splitlines(True)),
        r"or what 'psum' is: .*indices in brackets count the axes of an --order",
    ),
    "a number too few": (
        lambda v: "".join(lines("{t} ns psum={x}")(v).splitlines(True)[1:]),
        r"must hold 24 numbers \(psum\), but its lines like '#ns psum=#' hold 23: .*--rest-expected",
    ),
    "two forms alike": (
        lines("first sum {x}\nsecond sum {x}"),
        r"lines like 'first sum #' and 'second sum #' have as many numbers as are expected",
    ),
    "a table of unknown titles": (
        lambda v: "channel,row,psum\n" + lines("{oc},{oh},{x}")(v),
        r"is a table, but what its columns channel, row are is not known",
    ),
    "columns without titles": (
        lines("{x} {u}"),
        r"holds 48: a table of 2 columns\? Say which one counts, and its place, with --pattern",
    ),
    "a place that is no number": (
        lambda v: lines("oc={oc} oh={oh} ow={ow} psum={x}")(v).replace("ow=2", "ow=x", 1),
        r"line 3: ow must be 0\.\.2 in this layer, but is x: another geometry",
    ),
    "no valid number": (lines("psum[{n}] = {x} valid=0"), r"hold 0: "),
    "a number of 70 bits": (
        lambda v: lines("{x}")(v).replace("22", "9" * 22, 1),
        r"must hold numbers of at most 64 bits, but has 9{22}",
    ),
    "one long line of quoted text": (
        lambda v: '"' + "word " * 30_000 + '",' + lines("{x},")(v),
        r"dump\.txt: line \d+ must hold decimal numbers|must hold 24 numbers|none of its",
    ),
    "fractions": (lines("{t} psum={x}.5"), r"must hold decimal numbers, but has '22.5': dump the integers"),
}  # fmt: skip


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_not_known_is_refused_with_the_reason(bundle, psums, tmp_path, form):
    write, message = REFUSED[form]
    path = tmp_path / "dump.txt"
    path.write_text(write(psums))
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path)


def test_indices_stand_in_the_order_that_is_said(bundle, psums, tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text(lines("psum[{oh}][{ow}][{oc}] = {x}")(psums))
    assert compare(bundle, read_dump(bundle, path, order="oh ow oc")).passed


def test_a_list_of_times_or_of_expected_numbers_is_not_taken(bundle, psums, tmp_path):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"time": list(range(24)), "expected": numbers(psums), "x": [1]}))
    with pytest.raises(
        FormatError, match=r"must hold one array called .* name it with --dump-array"
    ):
        read_dump(bundle, path)


def test_a_message_names_the_file_that_there_is(bundle, tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text('{"psum": [[1, 2], [3]]}')
    with pytest.raises(FormatError, match=r"dump\.txt: psum must be lists of one length"):
        read_dump(bundle, path)


def test_json_is_parsed_once(bundle, psums, tmp_path, monkeypatch):
    path, seen = tmp_path / "dump.json", []
    path.write_text(json.dumps({"psum": psums.tolist()}))
    parse = json.loads
    monkeypatch.setattr(json, "loads", lambda text: seen.append(1) or parse(text))
    read_dump(bundle, path)
    assert len(seen) == 1


def test_sums_of_18_bits_in_words_of_five_digits(bundle, psums, tmp_path):
    wide = replace(bundle, array=replace(bundle.array, psum_bits=18))
    path = tmp_path / "dump.txt"
    path.write_text("".join(f"18'h{x & 0x3FFFF:05x}\n" for x in numbers(psums)))
    assert (read_dump(wide, path).values == psums).all()


@pytest.mark.parametrize(
    "form",
    [
        "exp psum = {x}", "expected psum: {x}", "{t} reference value {x}", "golden {x}", "{t}: want out={x}",
        "{t}: should be {x}", "scoreboard: predicted psum {x}", "EXPECTED psum[{oc}][{oh}][{ow}] = {x}",
        "psum computed: {x} (golden)", "correct psum is {x}", "psum (expected): {x}", "tb_ref.psum = {x}",
        "{t} exp_psum={x}", "psum_ref={x}", "ref psum: {n} {x}",
    ],
)  # fmt: skip
def test_numbers_that_are_said_to_be_expected_are_not_the_core_s(bundle, psums, tmp_path, form):
    """All of them are right, so whoever takes them for what the core computed passes any core."""
    path = tmp_path / "sim.log"
    path.write_text(lines(form)(psums))
    with pytest.raises(FormatError, match=r"sim\.log: of its 24 lines like .* nobody knows which"):
        read_dump(bundle, path)


@pytest.mark.parametrize(
    "form", ["expected psum 5, got {x}", "not the model's: dut={x}", "expected 5 (golden) rtl {x}"]
)
def test_words_of_the_core_count_beside_those_of_the_reference(bundle, psums, tmp_path, form):
    path = tmp_path / "sim.log"
    path.write_text(lines(form)(psums))
    assert compare(bundle, read_dump(bundle, path)).passed
