module stream_relu_tb;
  parameter int P = 2;
  parameter int T = 6;
  localparam int K = 4, C = 3;

  logic aclk = 0, aresetn = 0, w_valid = 0, w_ready, s_valid = 0, s_ready, s_last = 0, m_valid, m_ready = 0;
  logic [2:0][3:0] w_data = 0;
  logic [3:0][3:0] s_data = 0;
  logic [2:0][9:0] m_data;
  logic [3:0] a[P*T*K], w[P*K*C];
  int wn = 0, sn = 0, mn = 0;

  stream_relu dut (.*);

  always #5 aclk = !aclk;

  initial begin
    $dumpfile("run.vcd");
    $dumpvars(1, dut);
    $readmemh("a.hex", a);
    $readmemh("w.hex", w);
    repeat (3) @(negedge aclk);
    aresetn = 1;
  end

  // Offers change only after they were taken.
  always @(negedge aclk)
    if (aresetn) begin
      if (!w_valid) w_valid = wn < P * K && $urandom % 4 != 0;
      for (int c = 0; c < C; c++) w_data[c] = w_valid ? w[wn*C+c] : 4'($urandom);
      if (!s_valid) s_valid = sn < P * T && $urandom % 4 != 0;
      s_last = s_valid && sn % T == T - 1;
      for (int k = 0; k < K; k++) s_data[k] = s_valid ? a[sn*K+k] : 4'($urandom);
      m_ready = $urandom % 3 != 0;
    end

  always @(posedge aclk)
    if (aresetn) begin
      if (w_valid && w_ready) begin w_valid <= 0; wn <= wn + 1; end
      if (s_valid && s_ready) begin s_valid <= 0; sn <= sn + 1; end
      if (m_ready && m_valid !== 0) begin
        for (int c = 0; c < C; c++) $display("psum %0d %0d %0d %0d", mn / T, mn % T, c, $signed(m_data[c]));
        mn <= mn + 1;
        if (mn == P * T - 1) $finish;
      end
    end

  initial #(2000 * P * T) $finish;
endmodule
