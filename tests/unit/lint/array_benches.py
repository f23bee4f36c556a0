"""Slices of queues and methods of arrays, and the lines that Verilator prints of each.

Each entry: what is declared, what is done, the lines, and the kinds of the errors that are right.
"""

from __future__ import annotations

DECLARED = "int q[$], r[$], m[4]; int f, n, v; logic [7:0] k;"
TAKE = 'f = $fopen("a.txt", "r"); while ($fscanf(f, "%h: %d", k, v) == 2) q.push_back(v);'
FIXED = 'f = $fopen("a.txt", "r"); foreach (m[i]) n = $fscanf(f, "%h: %d", k, m[i]);'
BENCHES = {
    "slices": (
        DECLARED,
        f'{TAKE} r = q[1:2]; $display("R %0d %0d %0d", r.size(), r[0], r[1]); r = q[2:$]; '
        '$display("R %0d %0d", r[0], r[1]); r = q[3:1]; $display("R %0d", r.size()); r = q[2:9]; '
        '$display("R %0d", r.size());',
        "2 -8 7\n7 300\n0\n2",
        "",
    ),
    "a_slice_that_is_short": (
        DECLARED,
        f'{TAKE} r = q[0:1]; $display("R %0d %0d", r[0], r[1]); v = r[2]; if (v != 0) $display("R x");',
        "-5 -8",
        "too-few-words",
    ),
    "sums": (
        DECLARED,
        f'{TAKE} $display("R %0d %0d", q.sum(), q.sum() with (item < 0 ? -item : item)); '
        '$display("R %0d %0d", q.and(), q.xor());',
        "294 320\n0 296",
        "",
    ),
    "the_sum_of_an_array": (DECLARED, f'{FIXED} $display("R %0d", m.sum());', "294", ""),
    "orders": (
        DECLARED,
        f'{TAKE} q.sort(); $display("R %0d %0d", q[0], q[$]); q.rsort(x) with (x * x); '
        '$display("R %0d %0d", q[0], q[3]); q.sort(); v = q[4]; if (v != 0) $display("R x");',
        "7 -5\n300 -5",
        "too-few-words",
    ),
    "what_is_found": (
        DECLARED,
        f'{TAKE} r = q.find(x) with (x < 0); foreach (r[i]) $display("R %0d", r[i]); '
        'r = q.find_first_index(x) with (x > 0); $display("R %0d", r[0]); r = q.find_last(x) with (x < 0); '
        '$display("R %0d", r[0]); r = q.min(); $display("R %0d", r[0]); r = q.max(); '
        '$display("R %0d", r[0]); r = q.unique(x) with (x < 0); $display("R %0d", r.size());',
        "-5\n-8\n2\n-8\n7\n-5\n2",
        "",
    ),
    "bytes_that_lose_bits": (
        f"{DECLARED} byte b[$];",
        f'{TAKE} foreach (q[i]) b.push_back(q[i]); $display("R %0d %0d", b[0], b[1]);',
        "-5 -8",
        "",
    ),
    "words_that_lose_bits": (
        "byte b[$]; int f, v; logic [7:0] k;",
        'f = $fopen("a.txt", "r"); while ($fscanf(f, "%h: %d", k, v) == 2) b.push_back(v); '
        'foreach (b[i]) $display("R %0d", b[i]);',
        "-5\n-8\n7\n44",
        "truncated",
    ),
    "a_queue_that_nothing_fills": (
        "logic [7:0] q[$], r[$]; int f, v; logic [7:0] k;",
        'f = $fopen("a.txt", "r"); while ($fscanf(f, "%h: %d", k, v) == 2) q.push_back(k); '
        '$display("R %h", q[0]); if (r[0] === q[0]) $display("R x");',
        "10",
        "too-few-words",
    ),
    "keys_that_nothing_gives": (
        "int a[string]; string s; int f, v;",
        'f = $fopen("a.txt", "r"); while ($fscanf(f, "%s %d", s, v) == 2) a[s] = v; '
        'if (a["zz:"]) $display("R x"); '
        'a["new"]++; $display("R %0d %0d", a["1c:"], a["new"]);',
        "-8 1",
        "",
    ),
    "a_key_that_is_spelled_otherwise": (
        "int a[string]; string s; int f, v;",
        'f = $fopen("a.txt", "r"); while ($fscanf(f, "%s %d", s, v) == 2) a[s] = v; '
        '$display("R %0d %0d", a["1c:"], a["1C:"]);',
        "-8 0",
        "too-few-words",
    ),
    "a_result_that_loses_bits": (
        'int f; function byte get(); int v; logic [7:0] k; if ($fscanf(f, "%h: %d", k, v) != 2) return 0; '
        "return v; endfunction",
        'f = $fopen("a.txt", "r"); repeat (4) $display("R %0d", get());',
        "-5\n-8\n7\n44",
        "truncated",
    ),
    "a_member_that_loses_bits": (
        "typedef struct { int x; byte y; } pair; pair q[$], p; int f; logic [7:0] k; int v;",
        'f = $fopen("a.txt", "r"); while ($fscanf(f, "%h: %d", k, v) == 2) begin p.x = k; p.y = v; '
        'q.push_back(p); end foreach (q[i]) $display("R %0d %0d", q[i].x, q[i].y);',
        "16 -5\n28 -8\n24 7\n20 44",
        "truncated",
    ),
}
