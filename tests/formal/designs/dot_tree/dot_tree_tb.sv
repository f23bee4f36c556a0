module dot_tree_tb;
  parameter int P = 2;
  parameter int T = 4;
  localparam int K = 8, C = 4;

  logic clock = 0, reset = 1, bank_we = 0, ask = 0, reply;
  logic [1:0] bank_row = 0, ask_row = 0;
  logic [31:0] bank_data = 0, ask_data = 0;
  logic [7:0] reply_data;
  logic [3:0] a[P*T*K], w[P*K*C];
  int n = 0;

  dot_tree dut (.*);

  always #5 clock = !clock;

  task automatic idle();
    bank_we = 0; ask = 0; ask_row = 2'($urandom); ask_data = $urandom; bank_data = $urandom;
  endtask

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (2) @(negedge clock);
    reset = 0;
    for (int p = 0; p < P; p++) begin
      for (int c = 0; c < C; c++) begin
        @(negedge clock) idle();
        bank_we = 1; bank_row = 2'(c);
        for (int k = 0; k < K; k++) bank_data[4*k+:4] = w[(p*K+k)*C+c];
      end
      for (int n = 0; n < T * C; n++) begin
        @(negedge clock) idle();
        if (n % 5 == 4) @(negedge clock) idle();
        ask = 1; ask_row = 2'(n % C);
        for (int k = 0; k < K; k++) ask_data[4*k+:4] = a[(p*T+n/C)*K+k];
      end
      if (p % 2 == 1) repeat (7) @(negedge clock) idle();
    end
    repeat (7) @(negedge clock) idle();
    $finish;
  end

  always @(posedge clock)
    if (!reset && reply !== 0) begin
      $display("psum %0d %0d %0d %0d", n / (T * C), n / C % T, n % C, $signed(reply_data));
      n <= n + 1;
    end
endmodule
