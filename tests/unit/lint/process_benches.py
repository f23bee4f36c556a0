"""Benches in which processes give one another what they read, and the lines that Verilator 5.48 prints.

Each entry: what is declared, what is done, the lines, and the kinds of the errors that are right.
"""

from __future__ import annotations

BENCHES = {
    "a_mailbox": (
        "mailbox #(int) m = new(); int f, v, w, u;",
        'f = $fopen("m.txt", "r"); while ($fscanf(f, "%h", v) == 1) m.put(v); u = m.num(); m.peek(w); '
        '$display("R %0d %0d", u, w); '
        'while (m.num() > 0) begin m.get(w); $display("R %0d", w); end '
        'w = 9; u = m.try_get(w); $display("R %0d %0d", u, w); u = m.try_put(3); '
        'if (m.try_get(w) == 1) $display("R %0d %0d", u, w);',
        "4 1\n1\n171\n255\n16\n0 9\n1 3",
        "",
    ),
    "a_generator_and_its_driver": (
        "class T; int a; endclass mailbox #(T) m = new(); int f, n, s; "
        'task gen(); T t; int a; f = $fopen("m.txt", "r"); while ($fscanf(f, "%h", a) == 1) begin t = new(); '
        "t.a = a; m.put(t); end endtask "
        "task drive(); T t; forever begin m.get(t); s += t.a; n++; end endtask",
        'fork drive(); gen(); join_none #1 $display("R %0d %0d", n, s);',
        "4 443",
        "",
    ),
    "a_mailbox_that_stays_empty": (
        "mailbox #(int) m = new(); int v;",
        'fork begin m.get(v); $display("R got"); end join_none #1 $display("R on");',
        "on",
        "",
    ),
    "a_string_at_the_end_of_a_file": (
        "string l; int f, n, v, s;",
        'f = $fopen("m.txt", "r"); while (!$feof(f)) begin n = $fgets(l, f); n += $sscanf(l, "%h", v); '
        'if (l.len() > 0) s += v; $display("R %0d", n); end $display("R %0d", s);',
        "4\n4\n4\n4\n-1\n443",
        "",
    ),
    "names_of_an_enumeration": (
        'typedef enum int {A, B = 5, C} e_t; e_t e = B; string s = "a\\rb";',
        '$display("R %s %0d %0d", e.name(), s.len(), s[1]);',
        "B 3 13",
        "",
    ),
}
