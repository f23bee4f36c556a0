// Loads memories, then uses every word; `tile.mem` has a memory of more words than are used.
module memory_reader;
  reg [11:0] x[0:35];
  reg [15:0] w[0:8];
  reg [7:0] tile[0:63];
  integer i;

  initial begin
    $readmemb("act.mem", x, 0, 35);
    $readmemh("weight.mem", w);
    $readmemb("tile.mem", tile);
    for (i = 0; i < 36; i = i + 1) $display("act.mem %b", x[i]);
    for (i = 0; i < 9; i = i + 1) $display("weight.mem %b", w[i]);
    for (i = 0; i < 8; i = i + 1) $display("tile.mem %b", tile[i]);
    $finish;
  end
endmodule
