module shift_add_tb;
  parameter int P = 2;
  localparam int T = 3, K = 6, C = 4;

  logic clk = 0, arst_n = 0, kick = 0, zero = 0, last = 0, ready, fin;
  logic [11:0] lhs = 0;
  logic [15:0] rhs = 0;
  logic [131:0] sums;
  logic [3:0] a[P*T*K], w[P*K*C];
  int p_out = 0;

  shift_add dut (.*);

  always #5 clk = !clk;

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (2) @(negedge clk);
    arst_n = 1;
    for (int p = 0; p < P; p++)
      for (int k = 0; k < K; k++) begin
        @(negedge clk);
        while (ready !== 1) begin
          kick = 0; zero = 1'($urandom); last = 1'($urandom); lhs = 12'($urandom); rhs = 16'($urandom);
          @(negedge clk);
        end
        if (k == 2) begin
          kick = 0; zero = 1; lhs = 12'($urandom);
          @(negedge clk);
        end
        kick = 1; zero = k == 0; last = k == K - 1;
        for (int t = 0; t < T; t++) lhs[4*t+:4] = a[(p*T+t)*K+k];
        for (int c = 0; c < C; c++) rhs[4*c+:4] = w[(p*K+k)*C+c];
      end
    @(negedge clk) kick = 0;
    repeat (6) @(negedge clk);
    $finish;
  end

  always @(posedge clk)
    if (arst_n && fin !== 0) begin
      for (int n = 0; n < T * C; n++) $display("psum %0d %0d %0d %0d", p_out, n / C, n % C, $signed(sums[11*n+:11]));
      p_out <= p_out + 1;
    end
endmodule
