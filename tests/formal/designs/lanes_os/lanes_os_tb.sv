module lanes_os_tb;
  parameter int P = 2;
  localparam int T = 3, K = 8, C = 3;

  logic ck = 0, run = 0;
  logic [2:0] live = 0, head = 0;
  logic [3:0] a0, a1, a2, b0, b1, b2;
  logic [1:0] pick_row = 3, pick_col = 3;
  logic [10:0] sum;
  logic [3:0] a[P*T*K], w[P*K*C], ra[3], rb[3];

  lanes_os dut (.*);

  always #5 ck = !ck;
  assign {a0, a1, a2} = {ra[0], ra[1], ra[2]};
  assign {b0, b1, b2} = {rb[0], rb[1], rb[2]};

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    for (int i = 0; i < 3; i++) begin ra[i] = 0; rb[i] = 0; end
    @(negedge ck);
    @(negedge ck);
    for (int p = 0; p < P; p++) begin
      for (int n = 0; n < K + 4; n++) begin
        run = 1;
        for (int i = 0; i < 3; i++) begin
          live[i] = n >= i && n < K + i;
          head[i] = n == i;
          ra[i]   = live[i] ? a[(p*T+i)*K+n-i] : 4'($urandom);
          rb[i]   = live[i] ? w[(p*K+n-i)*C+i] : 4'($urandom);
        end
        @(negedge ck);
        if (n % 3 == 1) begin
          run = 0; live = 3'($urandom); head = 3'($urandom); ra[0] = 4'($urandom); rb[1] = 4'($urandom);
          @(negedge ck);
        end
      end
      run = 0;
      for (int n = 0; n < T * C; n++) begin
        pick_row = 2'(n / 3); pick_col = 2'(n % 3);
        @(negedge ck) $display("psum %0d %0d %0d %0d", p, n / 3, n % 3, $signed(sum));
      end
      pick_row = 3; pick_col = 3;
    end
    $finish;
  end
endmodule
