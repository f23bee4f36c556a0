"""Readers as people write them: what lint says was read is what Icarus reads, and the verdict is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import FOUR, OPEN, agrees, block, case, followed, icarus

pytest.importorskip("pyslang")
ALL = 'while ($fscanf(f, "%h", v) == 1) $display("R %h", v);'
RUN = {
    # one name, several variables
    "a loop variable called like another one": block(
        'i = 9; for (int i = 0; i < 4; i++) begin n = $fscanf(f, "%h", v); $display("R %h", v); end '
        '$display("R %0d", i);'
    ),
    "foreach with the name of another variable": block(
        'i = 9; foreach (m[i]) begin n = $fscanf(f, "%h", v); m[i] = v; end $display("R %0d %h", i, m[3]);'
    ),
    # memories that grow
    "a queue that is emptied": block(
        'while ($fscanf(f, "%h", v) == 1) q.push_back(v); '
        'while (q.size() > 0) $display("R %0d", q.pop_front());'
    ),
    "a queue in both directions": block(
        'while ($fscanf(f, "%h", v) == 1) q.push_front(v); q.insert(1, 7); q.delete(0); '
        'foreach (q[z]) $display("R %0d", q[z]); $display("R %0d %0d", q[$], q.pop_back()); q.delete(); '
        '$display("R %0d", q.size());'
    ),
    "a dynamic array": block(
        'd = new[4]; for (i = 0; i < d.size(); i = i + 1) begin n = $fscanf(f, "%h", v); d[i] = v; end '
        'd = new[6](d); $display("R %0d %0d %0d", d[3], d[1], d.size());'
    ),
    "the size of a memory": block(
        'for (i = $low(m); i <= $high(m); i = i + 1) begin n = $fscanf(f, "%h", v); m[i] = v; end '
        '$display("R %h %0d", m[3], $size(m));'
    ),
    "states of two bits": case(
        "typedef enum logic [1:0] {IDLE, RUN = 2'd2, DONE} state_t; state_t st = IDLE; initial begin "
        f'{OPEN}repeat (3) begin n = $fscanf(f, "%h", v); $display("R %h %0d", v, st); st = st.next(); end '
        'st = st.last(); $display("R %0d", st); n = $fscanf(f, "%h", v); $display("R %h", v); end'
    ),
    # strings
    "string methods": case(
        f'string st = "xxd.txt"; initial begin f = $fopen(st.substr(2, 6), "r"); {ALL} '
        '$display("R %0d", st.len()); end'
    ),
    "leading spaces in a name": case(
        'reg [8*4:1] pre; initial begin pre = "d"; $sformat(name, "%s.txt", pre); f = $fopen(name, "r"); '
        f"{ALL} end", errors="missing",
    ),
    "a name without them": case(
        'reg [8*4:1] pre; initial begin pre = "d"; $sformat(name, "%0s.txt", pre); f = $fopen(name, "r"); '
        f"{ALL} end"
    ),
    "a mode that is none": case(
        'initial begin f = $fopen("d.txt", "rt"); n = $fscanf(f, "%h", v); $display("R %h", v); end',
        errors="bad-mode",
    ),
    "a name in a parameter with a range": case(
        'parameter [8*8:1] F = "d.txt"; initial begin f = $fopen(F, "r"); n = $fscanf(f, "%h", v); '
        '$display("R %h", v); end', errors="padded-name",
    ),
    "a name at an input of a module": case(
        "get one(\"d.txt\"); endmodule\nmodule get(input [8*8:1] name); integer f; reg [7:0] v;\n"
        f'initial begin f = $fopen(name, "r"); {ALL} end'
    ),
    # branches, blocks and time
    "wildcards": block(
        "while ($fscanf(f, \"%b\", b) == 1) $display(\"R %b %0d\", b ==? 4'b1??0, $countones(b));",
        b"0001\n1110\n1010\n",
    ),
    "casez": block(
        "while ($fscanf(f, \"%b\", b) == 1) casez (b) 4'b1???: $display(\"R high\"); 4'b01??: "
        '$display("R middle"); default: $display("R low"); endcase', b"0001\n0110\n1010\n",
    ),
    "casex": block(
        "while ($fscanf(f, \"%b\", b) == 1) casex (b) 4'b1xxx: $display(\"R high\"); default: "
        '$display("R low"); endcase', b"0001\n1010\n",
    ),
    "open digits on the right of a wildcard equality": block(
        'while ($fscanf(f, "%b", b) == 1) $display("R %b", 4\'b0110 ==? b);', b"011x\nx110\n0001\n",
    ),
    "open digits on the left of it": block(
        'while ($fscanf(f, "%b", b) == 1) $display("R %b", b ==? 4\'b0110);', b"011x\n0110\n",
        "x-digits",
    ),
    "open digits in the label of a casez": block(
        "while ($fscanf(f, \"%b\", b) == 1) casez (4'b0110) b: $display(\"R yes\"); default: "
        '$display("R no"); endcase', b"011z\nz1z0\n0001\n",
    ),
    "a digit x there": block(
        "while ($fscanf(f, \"%b\", b) == 1) casez (4'b0110) b: $display(\"R yes\"); default: "
        '$display("R no"); endcase', b"011x\n0110\n", "x-digits",
    ),
    "a pattern that no file gave": case(
        'initial begin v = 1; $readmemh("d.txt", m); foreach (m[i]) $display("R %b", v ==? m[i]); end',
        b"01 0x xx\n", "too-few-words",
    ),
    "a signed memory of words that repeat the sign": case(
        'reg signed [5:0] w[0:1]; initial begin $readmemh("d.txt", w); $display("R %0d", w[0] + w[1]); end',
        b"FE\nE0\n",
    ),
    "a sign that is not repeated": case(
        'reg signed [5:0] w[0:1]; initial begin $readmemh("d.txt", w); $display("R %0d", w[0] + w[1]); end',
        b"FE\nD0\n", "truncated",
    ),
    "a memory of a named type": case(
        'typedef reg [7:0] ws[0:3]; ws w; initial begin $readmemh("d.txt", w); $display("R %h", w[3]); end'
    ),
    "bytes into a memory of a named type": block(
        'n = $fread(w, f); $display("R %h", w[3]);', b"ABCD", declared="typedef reg [7:0] ws[0:3]; ws w;"
    ),
    # several loads of one memory
    "a file that is shorter than the one before it": case(
        'initial for (k = 0; k < 2; k = k + 1) begin $sformat(name, "%0d.txt", k); $readmemh(name, m); '
        '$display("R %h %h", m[0], m[3]); end', errors="too-few-words",
        **{"0_txt": FOUR, "1_txt": b"5\n6\n"},
    ),
    "a file over a part of another one": case(
        'initial begin $readmemh("d.txt", m);\n$readmemh("e.txt", m); $display("R %h %h", m[0], m[3]); end',
        e_txt=b"5\n6\n",
    ),
    "addresses of words that are to be replaced": case(
        'initial begin for (k = 0; k < 2; k = k + 1) begin $sformat(name, "%0d.txt", k); $readmemh(name, m); '
        'end $display("R %h %h", m[0], m[3]); end', **{"0_txt": FOUR, "1_txt": b"@2 5\n6\n"},
    ),
    "a word that is replaced before anybody looks": case(
        'initial begin $readmemh("d.txt", m); m[1] = 3; $display("R %h %h", m[0], m[1]); end', b"1 2ff 3 4\n"
    ),
    "a word that the next file replaces": case(
        'initial begin $readmemh("d.txt", m); $readmemh("e.txt", m); $display("R %h", m[1]); end',
        b"1 2ff 3 4\n", e_txt=FOUR,
    ),
    "a digit x in a memory of two states": case(
        'bit [7:0] w[0:3]; initial begin $readmemh("d.txt", w); $display("R %h %h", w[0], w[1]); end',
        b"1 x2 3 4\n", "x-digits",
    ),
    "members with a sign": block(
        'n = $fscanf(f, "%h", p); if (n == 1) $display("R %0d %0d", p.a, p.b); i = p.a; $display("R", i);',
        b"fe80\n", declared="struct packed { logic signed [7:0] a; byte b; } p;",
    ),
    # letters that are no ASCII
    "letters with accents in comments": case(
        'initial begin $readmemh("d.txt", m); $display("R %h %h", m[0], m[1]); end',
        "// für\n01 /* größer */ 02\n".encode(),
    ),
    "letters with accents in a header": block(
        f'n = $fscanf(f, "%s", name); {ALL}', "#Kanäle#\n01\n02\n".encode()
    ),
    "letters with accents in a line": block(
        'while ($fgets(line, f) > 0) if ($sscanf(line, "%h", v) == 1) $display("R %h", v);',
        "# für\n01\n02\n".encode(),
    ),
    "letters with accents behind the words": block(ALL, "01\n02\n# größer\n".encode()),
    # the last word
    "a loop that asks $feof between a read and its use": block(
        'n = $fscanf(f, "%h\\n", v); '
        'while (!$feof(f)) begin $display("R %h", v); n = $fscanf(f, "%h\\n", v); end',
        errors="last-unused",
    ),
    "the same without the line end in the format": block(
        'n = $fscanf(f, "%h", v); while (!$feof(f)) begin $display("R %h", v); n = $fscanf(f, "%h", v); end'
    ),
    "a loop that asks $feof before a read": block(
        'while (!$feof(f)) begin n = $fscanf(f, "%h\\n", v); $display("R %h", v); end'
    ),
    "words that are kept": block(
        'i = 0; while (!$feof(f)) begin n = $fscanf(f, "%h\\n", v); m[i] = v; i = i + 1; end '
        '$display("R %h", m[0]);'
    ),
    # copies that lose the first bits
    "a number that only a narrow copy takes on": block(
        'repeat (3) begin n = $fscanf(f, "%d", i); b = i; $display("R %0d", b); end', b"3 15 16", "truncated"
    ),
    "a copy that keeps the number": block(
        'repeat (3) begin n = $fscanf(f, "%d", i); b = i; $display("R %0d", b); end', b"3 15 -8"
    ),
    "lanes cut off one after the other": block(
        'n = $fscanf(f, "%h", s); repeat (8) begin b = s; s = s >> 4; $display("R %h", b); end', b"89abcdef"
    ),
    "two halves of a byte": block(
        'n = $fscanf(f, "%h", v); b = v; $display("R %h %h", b, v[7:4]);', b"a5"
    ),
    "a number for an argument that is too narrow": block(
        'repeat (2) begin n = $fscanf(f, "%d", i); put(i); end', b"255 256", "truncated",
        declared='task put(input [7:0] d); $display("R %0d", d); endtask',
    ),
    "a number in two pieces": block(
        'n = $fscanf(f, "%d", i); put(i); put(i >> 8);', b"258",
        declared='task put(input [7:0] d); $display("R %0d", d); endtask',
    ),
    "a name by defparam": case(
        'rom one(); defparam one.FILE = "d.txt"; endmodule module rom #(parameter FILE = "weights.txt"); '
        'reg [7:0] m[0:3]; initial begin $readmemh(FILE, m); $display("R %h", m[3]); end'
    ),
    "a final block": case(
        f'initial begin {OPEN}k = 0; while ($fscanf(f, "%h", v) == 1) k = k + 1; $finish; end '
        'final $display("R %0d", k);'
    ),
    "a block that waits for what another one reads": case(
        'initial begin #10; for (k = 0; k < 4; k = k + 1) $display("R %h", m[k]); end '
        'initial $readmemh("d.txt", m);'
    ),
    "a block that waits for words that are not there": case(
        'initial begin #10; for (k = 0; k < 4; k = k + 1) if (m[k] == 3) $display("R x"); end '
        'initial $readmemh("d.txt", m);', b"01\n02\n", "too-few-words",
    ),
    "branches of a fork with files of their own": case(
        "task automatic get(input [8*8:1] n); integer g, r; reg [7:0] z; begin g = $fopen(n, \"r\"); "
        'while ($fscanf(g, "%h", z) == 1) $display("R %h", z); end endtask\n'
        'initial fork get("d.txt"); get("e.txt"); join', e_txt=b"11\n22\n",
    ),
    "places in a file": block(
        'n = $fscanf(f, "%2h", v); n = $fseek(f, -2, 1); n = $fscanf(f, "%2h", x); n = $fseek(f, -3, 2); '
        'n = $fscanf(f, "%2h", y); $display("R %h %h %h", v, x, y); n = $fseek(f, 0, 0); '
        'n = $fscanf(f, "%8h", s); $display("R %h", s);', b"01020304\n",
    ),
    # text behind and between the words
    "a line that ends the words": block(ALL.replace("%h", "%d"), b"1\n2\nEND\n"),
    "words behind such a line": block(
        ALL.replace("%h", "%d"), b"1\n2\nEND\n3\n", "bad-word"),
    "a line that ends the words, and begins like one": block(ALL, b"01\n02\nEND\n", "bad-word"),
    "lines of different lengths, with defaults": block(
        'while ($fgets(line, f) != 0) begin v = 0; x = 0; n = $sscanf(line, "%d %d", v, x); s = s + v + x; '
        '$display("R %0d %0d", n, s); end', b"1 2\n3\n4 5\n",
    ),
    "lines of different lengths, with old values": block(
        'while ($fgets(line, f) != 0) begin n = $sscanf(line, "%d %d", v, x); s = s + v + x; '
        '$display("R %0d %0d", n, s); end', b"1 2\n3\n4 5\n", "bad-word",
    ),
    "comments among records with a name": block(
        'while ($fgets(line, f) != 0) begin n = $sscanf(line, "%s %h %h", name, x, y); '
        'if (n == 3) $display("R %0s %0d", name, x + y); end', b"# of sums\nADD 1 2\n\nNOP\nSUB 3 4\n",
    ),
    "a record with a name, of which a number is missing": block(
        'while ($fgets(line, f) != 0) begin n = $sscanf(line, "%s %h %h", name, x, y); '
        'if (n == 3) $display("R %0s %0d", name, x + y); end', b"ADD 1 2\nSUB 3\nADD 1 1\n", "bad-word",
    ),
    "a record with a name, of which a number is none": block(
        'while ($fgets(line, f) != 0) begin n = $sscanf(line, "%s %h %h", name, x, y); '
        'if (n == 3) $display("R %0s %0d", name, x + y); end', b"ADD 1 2\nSUB q 3\nADD 1 1\n", "bad-word",
    ),
    "labels between the words": block(
        'repeat (2) begin n = $fscanf(f, "%s", line); n = $fscanf(f, "%h", s); $display("R %h", s); end',
        b"0000 1234\n0001 5678\n",
    ),
    "a count that is skipped": block(f"n = $fgets(line, f); {ALL}", b"03\n0a\n0b\n0c\n"),
    "a row that is skipped": block(f"n = $fgets(line, f); {ALL}", b"0a\n0b\n0c\n0d\n", "rows-eaten"),
    "one word with a space in it": block(ALL, b"01\nab\nf f\n10\n7e\n", "spaced-word"),
    "one word of a memory with a space in it": case(
        'reg [7:0] z[0:4]; initial begin $readmemh("d.txt", z); for (k = 0; k < 5; k = k + 1) '
        '$display("R %h", z[k]); end', b"01\nab\nf f\n10\n", "spaced-word",
    ),
    # what is lost
    "a warning and an error of one kind": block(ALL, b"001\n123\n", "truncated"),
    "a warning and an error of one kind in a memory": case(
        'initial begin $readmemh("d.txt", m); for (k = 0; k < 4; k = k + 1) $display("R %h", m[k]); end',
        b"00000001\n11110000\n00000011\n10101010\n", "truncated",
    ),
    "words behind the end of a memory": block(
        'i = 0; while ($fscanf(f, "%d", v) == 1) begin m[i] = v; i = i + 1; end '
        'for (i = 0; i < 6; i = i + 1) $display("R %0d", m[i]);', b"1 2 3 4 5 6\n", "outside-memory",
    ),
    "words behind the end of a memory that nobody looks for": block(
        'i = 0; while ($fscanf(f, "%d", v) == 1) begin m[i] = v; i = i + 1; end $display("R %0d", m[3]);',
        b"1 2 3 4 5 6\n",
    ),
}  # fmt: skip
REFUSED = {
    "the result of a function": (
        'function [7:0] get(input integer g); integer r; r = $fscanf(g, "%h", get); endfunction\n'
        f'initial begin {OPEN}v = get(f); $display("R %h", v); end'
    ),
    "a place of $sscanf": (
        f'initial begin {OPEN}i = 1; n = $fgets(line, f); n = $sscanf(line, "%h", m[i + 1]); '
        '$display("R %h", m[2]); end'
    ),
    "a conversion of $sscanf": (
        f'initial begin {OPEN}n = $fgets(line, f); n = $sscanf(line, "%i", v); $display("R %h", v); end'
    ),
    "a word of a memory by $sformat": (
        'reg [8*20:1] z[0:1]; initial begin i = 0; $sformat(z[i], "d.txt"); f = $fopen(z[i], "r"); '
        'n = $fscanf(f, "%h", v); $display("R %h", v); end'
    ),
    "a call that is never reached": (
        'task never; n = $fscanf(f, "%h", m[i + 1]); endtask\n'
        f'initial begin {OPEN}n = $fscanf(f, "%h", v); $display("R %h", v); end'
    ),
    "a whole memory": f'initial begin {OPEN}n = $fscanf(f, "%h", m); $display("R %h", m[0]); end',
    "a short register for the text of an error": (
        f'initial begin {OPEN}n = $fscanf(f, "%h", v); k = $ferror(f, line); $display("R %h", v); end'
    ),
    "a set of characters": f'initial begin {OPEN}n = $fscanf(f, "%[0-9]", v); $display("R %h", v); end',
    "an underscore": f'initial begin {OPEN}n = $fscanf(f, "%b", v); $display("R %b", v); end',
}


@pytest.mark.parametrize("name", RUN)
def test_lint_reads_what_icarus_reads(name: str, tmp_path: Path) -> None:
    """Line by line, and the errors are those that the case names."""
    agrees(RUN[name], tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_what_icarus_refuses_is_an_error(name: str, tmp_path: Path) -> None:
    """Icarus prints nothing, or no value, and lint names the call."""
    text = b"1_0\n" if name == "an underscore" else FOUR
    _, errors = followed(tmp_path, REFUSED[name], {"d.txt": text})
    assert errors & {"bad-place", "bad-format"}
    assert not icarus(tmp_path)
