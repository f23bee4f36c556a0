"""The model of `$fscanf` and `$fgets` is what Icarus does, on random texts and formats."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tilewright.verilog.events import Stream
from tilewright.verilog.scan import get_line, parse_format, scan

FORMATS = (
    "%8b",
    "%b",
    "%4b",
    "%s",
    "%h",
    "%d",
    "%b\\n",
    "%*s %b",
    "%s %b",
    "%3s",
    "%c",
    "%4b%4b",
    "%o",
)
FILES = 300


@pytest.mark.rtl
def test_reads_are_those_of_icarus(tmp_path: Path) -> None:
    """Result, position and end of file after every one of about 1,300 reads of 300 random files."""
    require_simulator("icarus")
    chance = random.Random(284)
    lines = ["module t; integer f, r; reg [63:0] v, w; reg [31:0] g; initial begin"]
    expected = []
    for number in range(FILES):
        content = bytes(chance.choices(b"0101 01\n\r#a9x01\n", k=chance.randrange(1, 25)))
        (tmp_path / f"{number}.txt").write_bytes(content)
        lines.append(f'f = $fopen("{number}.txt", "r");')
        stream = Stream("", 0, content)
        for _ in range(chance.randrange(1, 8)):
            form = chance.choice((*FORMATS, "line"))
            if form == "line":
                lines.append("r = $fgets(g, f);")
                result = len(get_line(stream, 4))
            else:
                targets = ", v, w"[: 3 * form.replace("%*", "").count("%")]
                lines.append(f'r = $fscanf(f, "{form}"{targets});')
                items = parse_format(form.replace("\\n", "\n").encode())
                assert items is not None
                result, _ = scan(stream, items)
            lines.append('$display("%0d %0d %0d", r, $feof(f), $ftell(f));')
            expected.append(f"{result} {int(stream.at_end)} {stream.position}")
    (tmp_path / "t.v").write_text("\n".join([*lines, "end endmodule\n"]))
    subprocess.run(["iverilog", "-g2012", "-o", "t.vvp", "t.v"], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "t.vvp"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == expected
