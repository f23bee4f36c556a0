module vhdl_column_tb;
  parameter int P = 2;
  parameter int T = 7;
  localparam int K = 4, C = 1;

  logic clk = 0, nrst = 0, push = 0, sample = 0, strobe;
  logic [3:0] coeff = 0;
  logic [15:0] xs = 0;
  logic [9:0] total;
  logic [3:0] a[P*T*K], w[P*K*C];
  int n = 0;

  vhdl_column dut (.*);

  always #5 clk = !clk;

  task automatic idle();
    push = 0; sample = 0; coeff = 4'($urandom); xs = 16'($urandom);
  endtask

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    @(negedge clk);
    @(negedge clk) nrst = 1;
    for (int p = 0; p < P; p++) begin
      for (int k = K - 1; k >= 0; k--) begin
        @(negedge clk) idle();
        push = 1; coeff = w[p*K+k];
      end
      for (int t = 0; t < T; t++) begin
        @(negedge clk) idle();
        if (t == 3) @(negedge clk) idle();
        sample = 1;
        for (int k = 0; k < K; k++) xs[4*k+:4] = a[(p*T+t)*K+k];
      end
      repeat (K) @(negedge clk) idle();
    end
    @(negedge clk);
    $finish;
  end

  always @(posedge clk)
    if (nrst && strobe !== 0) begin
      $display("psum %0d %0d 0 %0d", n / T, n % T, $signed(total));
      n <= n + 1;
    end
endmodule
