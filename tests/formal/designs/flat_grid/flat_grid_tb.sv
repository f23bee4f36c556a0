module flat_grid_tb;
  parameter int P = 2;
  parameter int T = 6;
  localparam int R = 4, C = 4;

  logic clk = 0, rst_n = 0, wr = 0, go = 0, done;
  logic [1:0] wr_row = 0;
  logic [15:0] wr_data = 0, x = 0;
  logic [39:0] y;
  logic [3:0] a[P*T*R], w[P*R*C];
  int n = 0;

  flat_grid dut (.*);

  always #5 clk = !clk;

  task automatic idle();
    wr = 0; go = 0; x = 16'($urandom); wr_data = 16'($urandom);
  endtask

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (2) @(negedge clk);
    rst_n = 1;
    for (int p = 0; p < P; p++) begin
      for (int r = 0; r < R; r++) begin
        @(negedge clk) idle();
        wr = 1; wr_row = 2'(r);
        for (int c = 0; c < C; c++) wr_data[4*c+:4] = w[(p*R+r)*C+c];
      end
      for (int t = 0; t < T; t++) begin
        @(negedge clk) idle();
        go = 1;
        for (int r = 0; r < R; r++) x[4*r+:4] = a[(p*T+t)*R+r];
      end
      repeat (R + C) @(negedge clk) idle();
    end
    $finish;
  end

  always @(posedge clk)
    if (rst_n && done !== 0) begin
      for (int c = 0; c < C; c++)
        $display("psum %0d %0d %0d %0d", n / T, n % T, c, $signed(y[10*c+:10]));
      n <= n + 1;
    end
endmodule
