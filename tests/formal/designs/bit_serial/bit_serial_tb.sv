module bit_serial_tb;
  parameter int P = 2;
  parameter int T = 5;
  localparam int K = 4, C = 4, B = 4;

  logic clk = 0, rst = 1, chain_en = 0, bit_en = 0, bit_first = 0, bit_sign = 0, sums_ok;
  logic [3:0] chain = 0, bits = 0;
  logic [39:0] sums;
  logic [3:0] a[P*T*K], w[P*K*C];
  int n = 0;

  bit_serial dut (.*);

  always #5 clk = !clk;

  task automatic idle();
    chain_en = 0; bit_en = 0; bit_first = 1'($urandom); bit_sign = 1'($urandom); bits = 4'($urandom);
    chain = 4'($urandom);
  endtask

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    @(negedge clk);
    @(negedge clk) rst = 0;
    for (int p = 0; p < P; p++) begin
      for (int n = K * C - 1; n >= 0; n--) begin
        @(negedge clk) idle();
        chain_en = 1; chain = w[p*K*C+n];
      end
      for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++) begin
          @(negedge clk) idle();
          if ((t + b) % 6 == 3) @(negedge clk) idle();
          bit_en = 1; bit_first = b == 0; bit_sign = b == B - 1;
          for (int k = 0; k < K; k++) bits[k] = a[(p*T+t)*K+k][b];
        end
    end
    repeat (2) @(negedge clk) idle();
    $finish;
  end

  always @(posedge clk)
    if (!rst && sums_ok !== 0) begin
      for (int c = 0; c < C; c++) $display("psum %0d %0d %0d %0d", n / T, n % T, c, $signed(sums[10*c+:10]));
      n <= n + 1;
    end
endmodule
