"""Queues of structures and arrays of arrays that grow, and the lines that Verilator prints of each.

Each entry: what is declared, what is done, the lines, and the kinds of the errors that are right.
"""

from __future__ import annotations

PAIR = (
    "typedef struct { int x; logic [7:0] y; } pair; pair q[$], p; int f, n, r, c, s; logic [7:0] v;"
)
ROWS = "int m[][]; int f, n, r, c, v;"
OPEN = 'f = $fopen("a.txt", "r");'
TAKE = f'{OPEN} while ($fscanf(f, "%h: %d", p.y, p.x) == 2) q.push_back(p);'
SHOWN = 'foreach (q[i]) $display("R %h %0d", q[i].y, q[i].x);'
FILL = (
    'task automatic fill(string name, ref pair a[$]); int g; pair t; g = $fopen(name, "r"); '
    'while ($fscanf(g, "%h: %d", t.y, t.x) == 2) a.push_back(t); $fclose(g); endtask '
    "function automatic int total(pair a[$]); int t = 0; foreach (a[i]) t += a[i].x; return t; endfunction"
)
TABLE = (
    'f = $fopen("d.txt", "r"); m = new[2]; foreach (m[i]) begin m[i] = new[i + 1]; '
    'foreach (m[i][j]) begin n = $fscanf(f, "%h", v); m[i][j] = v; end end'
)
LOAD = (
    "typedef int table_t[][]; task automatic load(output table_t a); int g, k, w; "
    'g = $fopen("d.txt", "r"); a = new[2]; for (int i = 0; i < 2; i++) begin a[i] = new[2]; '
    'for (int j = 0; j < 2; j++) begin k = $fscanf(g, "%h", w); a[i][j] = w; end end endtask '
    "function automatic int trace(table_t a); int t = 0; for (int i = 0; i < a.size(); i++) t += a[i][i]; "
    "return t; endfunction table_t m, o;"
)
BENCHES = {
    "members_in_a_queue": (
        PAIR,
        f'{TAKE} {SHOWN} $display("R %0d %h", q.size(), q[$].y);',
        "10 -5\n1c -8\n18 7\n14 300\n4 14",
        "",
    ),
    "structures_out_of_a_queue": (
        PAIR,
        f'{TAKE} while (q.size() > 0) begin p = q.pop_front(); $display("R %h %0d", p.y, p.x); end',
        "10 -5\n1c -8\n18 7\n14 300",
        "",
    ),
    "structures_in_order": (
        PAIR,
        f"{TAKE} p = q.pop_back(); q.push_front(p); q.delete(1); q.insert(1, '{{9, 8'h77}}); p = q[2]; "
        "p.x = 1; q[2] = p; q[0].x = 5; "
        'foreach (q[i]) $display("R %h %0d", q[i].y, q[i].x); q = {}; $display("R %0d", q.size());',
        "14 5\n77 9\n1c 1\n18 7\n0",
        "",
    ),
    "a_queue_of_structures_as_an_argument": (
        f"{PAIR} {FILL}",
        'fill("a.txt", q); $display("R %0d %0d", q.size(), total(q));',
        "4 294",
        "",
    ),
    "a_structure_that_is_not_there": (
        PAIR,
        f'{TAKE} s = 0; for (int i = 0; i < 4; i++) s += q[i].x; $display("R %0d", s); s = q[4].x;',
        "294",
        "too-few-words",
    ),
    "a_queue_that_is_empty": (
        PAIR,
        f'{TAKE} repeat (4) p = q.pop_front(); $display("R %0d", p.x); p = q.pop_front();',
        "300",
        "too-few-words",
    ),
    "rows_that_grow": (
        ROWS,
        f'{TABLE} foreach (m[i]) $display("R %0d %0d", m[i].size(), m[i][i]);',
        "1 1\n2 255",
        "",
    ),
    "rows_as_an_argument": (
        LOAD,
        'load(m); o = m; m[0][0] = 7; $display("R %0d %0d %0d", o.size(), trace(o), m[0][0]);',
        "2 17 7",
        "",
    ),
    "queues_in_an_array": (
        "int rows[2][$]; int f, v, k;",
        'f = $fopen("d.txt", "r"); k = 0; while ($fscanf(f, "%h", v) == 1) begin rows[k % 2].push_back(v); '
        'k++; end $display("R %0d %0d", rows[0].size(), rows[1][0]); '
        'v = rows[0].pop_back(); $display("R %0d", v);',
        "3 171\n34",
        "",
    ),
    "an_element_behind_an_array_that_grows": (
        "logic [7:0] d[]; int f, n; logic [7:0] v;",
        'f = $fopen("m.txt", "r"); d = new[2]; foreach (d[i]) begin n = $fscanf(f, "%h", v); d[i] = v; end '
        '$display("R %h", d[1]); v = d[2]; if (v == 0) n = 0;',
        "ab",
        "too-few-words",
    ),
    "a_queue_that_a_function_returns": (
        "typedef int list_t[$]; list_t a; function automatic list_t rd(string n); list_t t; int g, w; "
        'g = $fopen(n, "r"); while ($fscanf(g, "%h", w) == 1) t.push_back(w); return t; endfunction',
        'a = rd("m.txt"); foreach (a[i]) $display("R %0d", a[i]); '
        'if (a.size() != 4) $display("ERROR: %0d", a.size());',
        "1\n171\n255\n16",
        "",
    ),
}
