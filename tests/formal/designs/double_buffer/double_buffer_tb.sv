module double_buffer_tb;
  parameter int P = 3;
  localparam int T = 3, K = 4, C = 10;

  logic clk_in = 0, next_en = 0, clr_n = 0;
  logic [14:0] next_row = 0;
  logic [3:0] wgt_on = 0, wgt_take = 0;
  logic [11:0] wgt = 0;
  logic [2:0] sum_on;
  logic [29:0] sum;
  logic [4:0] a[P*T*K];
  logic [2:0] w[P*K*C];
  int n[T];

  double_buffer dut (.*);

  always #5 clk_in = !clk_in;

  // Weights of tile s / C enter row 0 in cycle s, row k in cycle s + k: without a gap between the tiles.
  task automatic weights(int s);
    for (int k = 0; k < K; k++) begin
      automatic int u = s - k;
      wgt_on[k] = u >= 0 && u < P * C;
      wgt_take[k] = wgt_on[k] && u % C == 0;
      wgt[3*k+:3] = wgt_on[k] ? w[(u/C*K+k)*C+u%C] : 3'($urandom);
    end
  endtask

  // The activations of a tile come in the last K cycles before its first weight, lowest row first.
  task automatic activations(int s);
    automatic int p = (s + C) / C;
    automatic int k = C - 1 - (s + C) % C;
    next_en = k < K && p < P;
    for (int t = 0; t < T; t++) next_row[5*t+:5] = next_en ? a[(p*T+t)*K+k] : 5'($urandom);
  endtask

  initial begin
    for (int t = 0; t < T; t++) n[t] = 0;
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (4) @(negedge clk_in);
    clr_n = 1;
    for (int s = -K; s < P * C + K + T + 3; s++) begin
      weights(s);
      activations(s);
      @(negedge clk_in);
    end
    $finish;
  end

  always @(posedge clk_in)
    for (int t = 0; t < T; t++)
      if (clr_n && sum_on[t] !== 0) begin
        $display("psum %0d %0d %0d %0d", n[t] / C, t, n[t] % C, $signed(sum[10*t+:10]));
        n[t] <= n[t] + 1;
      end
endmodule
