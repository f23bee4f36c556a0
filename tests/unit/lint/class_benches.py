"""Benches with classes, and the lines that Verilator 5.48 prints of each, written down."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.lint import array_benches, growing_benches, process_benches

FILES = {
    "d.txt": b"01\nab\nff\n10\n22\n33\n",
    "h.txt": b"#two words#\n0a\n0b\n",
    "m.txt": b"01\nab\nff\n10\n",
    "a.txt": b"10: -5\n1c: -8\n18: 7\n14: 300\n",
}
READER = """
  class Reader; int fd; int count = 0; logic [31:0] w = 0;
    function new(string name); fd = $fopen(name, "r"); endfunction
    virtual function bit next(output logic [31:0] o);
      int n; n = $fscanf(fd, "%h", o); if (n == 1) count++; return n == 1;
    endfunction
    function logic [31:0] word(); int n; logic [31:0] v; n = $fscanf(fd, "%h", v); return v; endfunction
    function bit fill(); return $fscanf(fd, "%h", w) == 1; endfunction
  endclass
"""


@dataclass(frozen=True)
class Bench:
    """Text in a module, what its lines that begin with "R " are, and the kinds of the errors that are right.

    outside: text before the module. ends: it ends the simulation.
    """

    body: str
    lines: tuple[str, ...]
    errors: frozenset[str] = frozenset()
    outside: str = ""
    ends: bool = False

    def text(self, name: str) -> str:
        """The source, with a module of that name; each line that it prints begins with the name."""
        module = f"module {name};{self.body}\nendmodule\n"
        return (self.outside + module).replace('$display("R', f'$display("{name}')


def _bench(body: str, lines: str, errors: str = "", outside: str = "", **more: bool) -> Bench:
    shown = tuple(line.strip() for line in lines.strip().splitlines())
    return Bench(body, shown, frozenset(errors.split()), outside, **more)


def _reads(declared: str, body: str, lines: str, errors: str = "", **more: bool) -> Bench:
    return _bench(f"{READER}{declared}\n  initial begin {body} end", lines, errors, **more)


BENCHES = {
    "two_objects": _reads(
        "Reader a, b; logic [31:0] x;",
        'a = new("d.txt"); b = new("m.txt"); while (a.next(x)) $display("R %0d %h", a.count, x);'
        'while (b.next(x)) ; $display("R %0d %0d", a.count, b.count);',
        "1 00000001\n2 000000ab\n3 000000ff\n4 00000010\n5 00000022\n6 00000033\n6 4",
    ),
    "words_left_in_a_property": _reads(
        "Reader a;",
        'a = new("m.txt"); while (a.fill()) $display("R %h %h", a.w, a.w[7:4]);',
        "00000001 0\n000000ab a\n000000ff f\n00000010 1",
    ),
    "words_that_are_returned": _reads(
        "Reader a; logic [31:0] v;",
        'a = new("m.txt"); repeat (4) begin v = a.word(); $display("R %h", v); end v = a.word();',
        "00000001\n000000ab\n000000ff\n00000010",
    ),
    "a_word_too_many_that_is_used": _reads(
        "Reader a; logic [31:0] v;",
        'a = new("m.txt"); for (int i = 0; i < 5; i++) begin v = a.word(); '
        'a.w = a.w + v; $display("R %0d", i); end',
        "0\n1\n2\n3\n4",
        "too-few-words",
    ),
    "a_file_that_is_too_short": _reads(
        "Reader a; logic [31:0] x, m[5];",
        'a = new("m.txt"); foreach (m[i]) begin void\'(a.next(x)); m[i] = x; end '
        '$display("R %h", m[3]); foreach (m[i]) a.w += m[i];',
        "00000010",
        "too-few-words",
    ),
    "order_of_construction": _bench(
        """
  class B; int a = 5; function new(int x); $display("R B %0d %0d %0d", a, x, tag()); a = x; endfunction
    virtual function int tag(); return 1; endfunction endclass
  class D extends B; int b = 6; int c = b + 1;
    function new(int x); super.new(x + 1); $display("R D %0d %0d %0d", a, b, c); b = x; endfunction
    virtual function int tag(); return a > 20 ? 100 + b : 100; endfunction endclass
  class F extends B; int z = 3; function new(); super.new(4); endfunction endclass
  class P; int p = 1; function new(int v = 8); p = v; endfunction endclass
  class Q extends P; int q = 2; endclass
  class S extends P(33); endclass
  D d; F f; Q q; S s; P p;
  initial begin d = new(20); f = new; q = new; s = new; p = new(3);
    $display("R %0d %0d %0d %0d", d.a, d.b, d.c, d.tag()); $display("R %0d %0d %0d %0d", f.z, q.p, s.p, p.p);
  end""",
        "B 5 21 100\nD 21 6 7\nB 5 4 1\n21 20 7 120\n3 8 33 3",
    ),
    "virtual_methods": _bench(
        """
  virtual class Source; pure virtual function bit get(output logic [15:0] w);
    virtual function string who(); return "source"; endfunction endclass
  class File extends Source; protected int fd; local string path; static int opened;
    function new(string dir, string name); path = {dir, name}; fd = $fopen(path, "r"); opened++; endfunction
    virtual function bit get(output logic [15:0] w); return $fscanf(fd, "%h", w) == 1; endfunction
    virtual function string who(); return {"file ", path}; endfunction endclass
  class Pair extends Source; Source inner; function new(Source inner); this.inner = inner; endfunction
    virtual function bit get(output logic [15:0] w); logic [15:0] a, b;
      if (!inner.get(a)) return 0; if (!inner.get(b)) return 0; w = a + b; return 1; endfunction endclass
  class Loud extends File; function new(string name); super.new("./", name); endfunction
    virtual function string who(); return {super.who(), "!"}; endfunction endclass
  File f; Pair p; Source list[$]; logic [15:0] w; Source any;
  initial begin f = new("", "d.txt"); p = new(f); list.push_back(p); any = Loud::new("m.txt");
    list.push_back(any); $display("R %0d", File::opened);
    foreach (list[i]) begin $display("R %s", list[i].who()); while (list[i].get(w)) $display("R %h", w); end
    if (!$cast(f, list[0])) $display("R no"); if ($cast(f, any)) $display("R %s", f.who()); end""",
        "2\nsource\n00ac\n010f\n0055\nfile ./m.txt!\n0001\n00ab\n00ff\n0010\nno\nfile ./m.txt!",
    ),
    "static_properties": _bench(
        """
  class S; static int cnt = 3; static int arr[4]; int me; function new(); cnt++; me = cnt; arr[cnt - 4] = me;
    endfunction static function int get(); return cnt * 10; endfunction
    function int turns(); static int c = 3; int k = 2; c++; k++; return c * 10 + k; endfunction endclass
  class T extends S; endclass
  S s; T t; initial begin s = new; s = new; t = new;
    $display("R %0d %0d %0d %0d %0d %0d", S::cnt, T::cnt, s.me, t.me, S::get(), S::arr[1]);
    $display("R %0d", s.turns()); $display("R %0d", t.turns()); end""",
        "6 6 5 6 60 5\n43\n53",
    ),
    "handles": _bench(
        """
  class N; int v; N next; function new(int v, N next); this.v = v; this.next = next; endfunction
    function int sum(); return next == null ? v : v + next.sum(); endfunction
    function N self(); return this; endfunction endclass
  N n, o, arr[3], q[$];
  function automatic N pick(N a, N b, bit first); return first ? a : b; endfunction
  task automatic change(N x); x.v = 9; x = null; endtask
  initial begin n = new(1, null); n = new(2, n); n = new(3, n); $display("R %0d %0d", n.sum(), n.next.next.v);
    o = n; change(o); $display("R %0d %0d", n.v, o == null); o = new n; o.v = 70;
    $display("R %0d %0d %0d", n.v, o.sum(), o.next == n.next); arr[1] = o; $display("R %0d", arr[0] == null);
    q.push_back(n); q.push_front(o); o = q.pop_back(); $display("R %0d %0d", o.v, q[0].v);
    o = pick(o, null, 0);
    if (!o) $display("R null"); $display("R %0d", n.self().self().v); end""",
        "6 1\n9 0\n9 73 1\n1\n9 70\nnull\n9",
    ),
    "arrays_in_objects": _bench(
        """
  class M; logic [7:0] mem[0:3]; logic [7:0] q[$]; int dyn[]; logic [15:0] h = 0; int grid[2][3];
    struct packed { logic [3:0] hi; logic [3:0] lo; } pk; typedef enum {IDLE, BUSY = 5} state_t; state_t st;
    function void load(); $readmemh("m.txt", mem); foreach (mem[i]) q.push_back(mem[i]); dyn = new[3];
      dyn[1] = 4; h[7:0] = mem[1]; h[15:8] = q[$]; pk.hi = 3; pk.lo = 4; st = BUSY;
      grid[1][2] = 7; endfunction
    function int total(); total = 0; foreach (grid[i, j]) total += grid[i][j] + i; endfunction
    function void give(output logic [7:0] o[0:1], input logic [7:0] x[$]); o[0] = x.size(); o[1] = mem[3];
      x.push_back(1); endfunction
    function void grow(ref logic [7:0] x[$]); x.push_back(9); endfunction endclass
  M a, b; logic [7:0] two[0:1], line[$]; initial begin a = new; b = new; a.load(); b.load(); b.mem[0] = 8'hee;
    b.q.delete(0); $display("R %h %h %h", a.mem[0], b.mem[0], a.h);
    $display("R %0d %0d %0d", a.q.size(), b.q.size(), a.dyn.size());
    $display("R %h %h %0d %0d %0d", a.pk, a.h[11:4], a.st, a.total(), a.dyn[1]); line = b.q;
    a.give(two, line); a.grow(line); $display("R %h %h %0d %0d", two[0], two[1], line.size(), b.q.size());
    line = {line, 8'd7, b.q}; $display("R %0d %0d", line.size(), line[4]); line = {};
    $display("R %0d", line.size()); end""",
        "01 ee 10ab\n4 3 3\n34 0a 5 10 4\n03 10 4 3\n8 7\n0",
    ),
    "calls_within_calls": _bench(
        """
  class R; int depth; function int fact(int n); int k; k = k + n; if (n <= 1) return 1;
    fact = fact(n - 1) * k; endfunction
    function int fresh(int n); int k; k++; return k + n; endfunction
    task automatic swap(input int a, output int b, inout int c); depth++; b = a + c; c = a; endtask endclass
  R r; int x, y, z; function automatic int ack(int m, int n); int k; if (m == 0) return n + 1;
    if (n == 0) return ack(m - 1, 1); k = ack(m, n - 1); return ack(m - 1, k); endfunction
  initial begin r = new; $display("R %0d", r.fact(5)); x = r.fresh(1); x = r.fresh(2); $display("R %0d", x);
    x = 3; y = 4; z = 5; r.swap(x, y, z); $display("R %0d %0d %0d %0d", x, y, z, r.depth);
    $display("R %0d", ack(2, 3)); end""",
        "120\n3\n3 8 3 1\n9",
    ),
    "parameters_of_classes": _bench(
        """
  class Word #(int W = 8); logic [W-1:0] v; static int made = 0; function new(logic [W-1:0] v = '1);
    this.v = v; made++; endfunction function int width(); return W; endfunction endclass
  class Stack #(type T = int); T items[$]; function void push(T x); items.push_back(x); endfunction
    function T pop(); return items.pop_back(); endfunction endclass
  Word #(4) a; Word b; Word #(16) c; Stack #(string) s; initial begin a = new; b = new(3); c = new(16'habcd);
    a = new(7); $display("R %h %h %h %0d %0d", a.v, b.v, c.v, a.width(), c.width());
    $display("R %0d %0d", Word#(4)::made, Word#(16)::made); s = new; s.push("one"); s.push("two");
    $display("R %s %0d", s.pop(), s.items.size()); end""",
        "7 03 abcd 4 16\n2 1\ntwo 1",
    ),
    "a_class_in_a_package": _bench(
        """
  import pk::*; env_t e; initial begin e = new("d.txt"); e.run(); e.report(); end""",
        "1:0001\n2:00ab\n3:00ff\n4:0010\n5:0022\n6:0033\n5 1 6",
        outside="""
package pk;
  class Score; int good, bad; logic [15:0] expected[$]; extern function void check(logic [15:0] w); endclass
  function void Score::check(logic [15:0] w); logic [15:0] e; e = expected.pop_front();
    if (e === w) good++; else bad++; endfunction
  class Env; int fd; Score board; int turns; string log[$];
    function new(string name); fd = $fopen(name, "r"); board = new; endfunction
    task run(); logic [15:0] w; while ($fscanf(fd, "%h", w) == 1) begin turns++; board.expected.push_back(w);
      log.push_back($sformatf("%0d:%h", turns, w)); board.check(turns == 2 ? 0 : w); #1; end endtask
    function void report(); foreach (log[i]) $display("R %s", log[i]);
      $display("R %0d %0d %0d", board.good, board.bad, turns); endfunction endclass
  typedef Env env_t;
endpackage
""",
    ),
    "branches_with_objects_of_their_own": _reads(
        "Reader a, b; logic [31:0] x, y;",
        'a = new("d.txt"); b = new("m.txt"); fork while (a.next(x)) #1; while (b.next(y)) #2; join '
        '$display("R %0d %0d", a.count, b.count);',
        "6 4",
    ),
    "a_header_that_a_constructor_skips": _bench(
        """
  class H; int fd; string line; function new(string name); fd = $fopen(name, "r"); void'($fgets(line, fd));
    endfunction
    function bit next(output logic [7:0] w); return $fscanf(fd, "%h", w) == 1; endfunction endclass
  H h; logic [7:0] w; initial begin h = new("h.txt"); while (h.next(w)) $display("R %h", w); end""",
        "0a\n0b",
    ),
    "a_header_that_nobody_skips": _reads(
        "Reader a; logic [31:0] x;",
        'a = new("h.txt"); repeat (2) begin void\'(a.next(x)); a.w += x; $display("R %0d", a.count); end',
        "0\n0",
        "header-left",
    ),
    "an_index_that_counts": _reads(
        "Reader a; logic [31:0] m[4]; int i, j;",
        'a = new("m.txt"); repeat (4) j = $fscanf(a.fd, "%h", m[i++]); j = 0; $display("R %0d %h", i, m[3]); '
        'a.w = m[j++]; $display("R %0d %h", j, a.w);',
        "4 00000010\n1 00000001",
    ),
    "a_handle_that_is_null": _reads(
        "Reader a; logic [31:0] x;",
        'a = new("m.txt"); if (a.next(x)) $display("R %h", x); a = null; if (a.next(x)) $display("R no");',
        "00000001",
        "null-object",
        ends=True,
    ),
    "keys_of_an_associative_array": _bench(
        """ logic signed [15:0] e[int]; logic signed [15:0] v; int f, n, k; logic [7:0] w;
        initial begin f = $fopen("a.txt", "r"); while ($fscanf(f, "%h: %d", k, v) == 2) e[k] = v;
        $display("R %0d %0d", e.num(), e.size()); foreach (e[x]) $display("R %0h %0d", x, e[x]);
        f = $fopen("m.txt", "r"); repeat (e.num()) begin n = $fscanf(f, "%h", w); $display("R %h", w); end
        $display("R %0d %0d", e.exists(32'h14), e.exists(32'h15)); e.delete(32'h14); e.delete(99);
        if (e.first(k)) do $display("R %0h", k); while (e.next(k));
        if (e.last(k)) do $display("R %0h", k); while (e.prev(k));
        k = 17; $display("R %0d", e.next(k)); $display("R %0h", k);
        k = 17; $display("R %0d", e.prev(k)); $display("R %0h", k);
        $display("R %0d %0h", e.prev(k), k); e.delete(); $display("R %0d %0d", e.num(), e.first(k)); end""",
        "4 4\n10 -5\n14 300\n18 7\n1c -8\n01\nab\nff\n10\n1 0\n10\n18\n1c\n1c\n18\n10\n"
        "0\n11\n0\n11\n0 11\n0 0",
    ),
    "texts_as_keys": _bench(
        """ int a[string]; byte b[byte]; string k; int f, n, x;
        initial begin f = $fopen("m.txt", "r"); n = $fscanf(f, "%h", x); a["scale"] = x; a["bias"] = -4;
        a["zz"] = 9; a["b"] = 1; foreach (a[s]) $display("R %s %0d", s, a[s]);
        a["bias"]++; a["new"] += 5; $display("R %0d %0d %0d", a["bias"], a["new"], a.num());
        if (a.first(k)) $display("R %s", k); if (a.next(k)) $display("R %s", k);
        if (a.last(k)) $display("R %s", k); $display("R %0d %s", a.next(k), k);
        b[-3] = 1; b[5] = 2; b[-128] = 3; foreach (b[s]) $display("R %0d %0d", s, b[s]);
        if (a["none"] == 0) $display("R %0d", a.num()); end""",
        "b 1\nbias -4\nscale 1\nzz 9\n-3 5 5\nb\nbias\nzz\n0 zz\n5 2\n-128 3\n-3 1\n6",
    ),
}
BENCHES |= {
    name: _bench(f"{declared} initial begin {body} end", lines, errors)
    for name, (declared, body, lines, errors) in {
        **growing_benches.BENCHES,
        **array_benches.BENCHES,
        **process_benches.BENCHES,
    }.items()
}
