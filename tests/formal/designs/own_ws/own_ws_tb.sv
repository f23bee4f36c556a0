module own_ws_tb;
  parameter int P = 2;
  parameter int T = 6;
  localparam int Rows = 3, Cols = 4, K = 1 * Rows, C = Cols, Words = 1 * Cols;

  logic clk_i = 0, rst_ni = 0, is_os_i = 0, is_half_i = 0, saturate_i = 1;
  logic [Rows-1:0] weight_valid_i = 0, act_valid_i = 0, act_first_i = 0, act_last_i = 0;
  logic [4*Rows-1:0] weight_i = 0, act_i = 0;
  logic [4*Cols-1:0] north_i = 0;
  logic [Cols-1:0] psum_valid_o, overflow_o;
  logic [9*Cols-1:0] psum_o;
  logic flushed_o;
  logic [3:0] a[P*T*K], w[P*K*C];
  int n[Cols];

  tw_array #(.Rows(Rows), .Cols(Cols), .ColumnBits(9)) dut (.*);

  always #5 clk_i = !clk_i;

  // One tile: Cols words of weights into every row, then T activations, row r behind row 0 by r cycles.
  task automatic drive(int p, int cycle);
    weight_valid_i = {Rows{cycle < Words}};
    for (int r = 0; r < Rows; r++) begin
      automatic int t = cycle - Words - r;
      act_valid_i[r] = t >= 0 && t < T;
      act_first_i[r] = t == 0;
      act_last_i[r]  = t == T - 1;
      act_i[4*r+:4] = act_valid_i[r] ? a[(p*T+t)*K+r] : 4'($urandom);
      weight_i[4*r+:4] = cycle < Words ? w[(p*K+r)*C+C-1-cycle] : 4'($urandom);
    end
  endtask

  initial begin
    for (int c = 0; c < Cols; c++) n[c] = 0;
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (2) @(negedge clk_i);
    rst_ni = 1;
    for (int p = 0; p < P; p++)
      for (int cycle = 0; cycle < Words + T + Rows + Cols; cycle++) begin
        drive(p, cycle);
        @(negedge clk_i);
      end
    $finish;
  end

  always @(posedge clk_i)
    for (int c = 0; c < Cols; c++)
      if (rst_ni && psum_valid_o[c] !== 0) begin
        $display("psum %0d %0d %0d %0d", n[c] / T, n[c] % T, c, $signed(psum_o[9*c+:9]));
        n[c] <= n[c] + 1;
      end
endmodule
