module own_os_tb;
  parameter int P = 3;
  localparam int Rows = 3, Cols = 4, T = Rows, K = 6, C = Cols, Period = K + Rows + Cols - 1;

  logic clk_i = 0, rst_ni = 0, is_os_i = 1, is_half_i = 0, saturate_i = 0;
  logic [Rows-1:0] weight_valid_i = 0, act_valid_i = 0, act_first_i = 0, act_last_i = 0;
  logic [4*Rows-1:0] weight_i = 0, act_i = 0;
  logic [4*Cols-1:0] north_i = 0;
  logic [Cols-1:0] psum_valid_o, overflow_o;
  logic [11*Cols-1:0] psum_o;
  logic flushed_o;
  logic [3:0] a[P*T*K], w[P*K*C];
  int n = 0;

  tw_array #(.Rows(Rows), .Cols(Cols), .ColumnBits(11)) dut (.*);

  always #5 clk_i = !clk_i;

  // Tiles follow as closely as the contract allows: row r and column c are r and c cycles behind.
  task automatic drive(int cycle);
    for (int r = 0; r < Rows; r++) begin
      automatic int p = (cycle - r + Period) / Period - 1, k = (cycle - r + Period) % Period;
      act_valid_i[r] = p >= 0 && p < P && k < K;
      act_first_i[r] = act_valid_i[r] && k == 0;
      act_last_i[r]  = act_valid_i[r] && k == K - 1;
      act_i[4*r+:4]  = act_valid_i[r] ? a[(p*T+r)*K+k] : 4'($urandom);
    end
    for (int c = 0; c < Cols; c++) begin
      automatic int p = (cycle - c + Period) / Period - 1, k = (cycle - c + Period) % Period;
      north_i[4*c+:4] = p >= 0 && p < P && k < K ? w[(p*K+k)*C+c] : 4'($urandom);
    end
  endtask

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (2) @(negedge clk_i);
    rst_ni = 1;
    for (int cycle = 0; cycle < P * Period + Rows; cycle++) begin
      drive(cycle);
      @(negedge clk_i);
    end
    $finish;
  end

  always @(posedge clk_i)
    if (rst_ni && psum_valid_o !== 0) begin
      for (int c = 0; c < C; c++)
        $display("psum %0d %0d %0d %0d", n / T, T - 1 - n % T, c, $signed(psum_o[11*c+:11]));
      n <= n + 1;
    end
endmodule
