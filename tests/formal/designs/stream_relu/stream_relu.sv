// Weight stationary behind valid and ready, with ports of two dimensions. Takes K rows of weights, then vectors until
// the one marked last; what leaves is at least zero. Backpressure holds the whole grid.

module stream_relu #(
    parameter int K = 4,
    parameter int C = 3,
    parameter int AW = 4,
    parameter int WW = 4,
    parameter int MW = 10
) (
    input  logic                 aclk,
    input  logic                 aresetn,
    input  logic                 w_valid,
    output logic                 w_ready,
    input  logic [C-1:0][WW-1:0] w_data,
    input  logic                 s_valid,
    output logic                 s_ready,
    input  logic                 s_last,
    input  logic [K-1:0][AW-1:0] s_data,
    output logic                 m_valid,
    input  logic                 m_ready,
    output logic [C-1:0][MW-1:0] m_data
);

  localparam int D = K + C - 1;
  localparam logic [1:0] Load = 0, Run = 1, Drain = 2;

  logic [1:0] state;
  logic [$clog2(K+1)-1:0] rows;
  logic [D-1:0] full;
  logic move;

  assign w_ready = state == Load;
  assign s_ready = state == Run && move;
  assign m_valid = full[D-1];
  assign move    = !m_valid || m_ready;

  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      state <= Load;
      rows  <= 0;
      full  <= 0;
    end else begin
      if (w_valid && w_ready) begin
        rows <= (rows == K - 1) ? 0 : rows + 1;
        if (rows == K - 1) state <= Run;
      end
      if (s_valid && s_ready && s_last) state <= Drain;
      if (state == Drain && full == 0) state <= Load;
      if (move) full <= {full[D-2:0], s_valid && s_ready};
    end
  end

  // Weights move down by one row with each word, so that the first word rests in the last row.
  logic [K-1:0][C-1:0][WW-1:0] weight;

  always_ff @(posedge aclk) if (w_valid && w_ready) weight <= {weight[K-2:0], w_data};

  // Activations: row r is held back by r steps, then steps east; sums step south.
  logic [AW-1:0] late [0:K*K-1];
  logic [AW-1:0] act  [0:K*C-1];
  logic signed [MW-1:0] part [0:K*C-1];
  logic signed [MW-1:0] out [0:C*C-1];

  for (genvar r = 0; r < K; r++) begin : g_row
    wire [AW-1:0] entry;
    if (r == 0) assign entry = s_data[0];
    else assign entry = late[r*K+r-1];
    for (genvar i = 0; i < r; i++) begin : g_late
      always_ff @(posedge aclk) if (move) late[r*K+i] <= (i == 0) ? s_data[r] : late[r*K+(i==0?0:i-1)];
    end
    for (genvar c = 0; c < C; c++) begin : g_col
      wire [AW-1:0] west;
      wire signed [MW-1:0] north;
      wire signed [WW-1:0] mine = weight[K-1-r][c];
      if (c == 0) assign west = entry;
      else assign west = act[r*C+c-1];
      if (r == 0) assign north = 0;
      else assign north = part[(r-1)*C+c];
      always_ff @(posedge aclk)
        if (move) begin
          act[r*C+c]  <= west;
          part[r*C+c] <= north + $signed({1'b0, west}) * mine;
        end
    end
  end

  for (genvar c = 0; c < C; c++) begin : g_out
    wire signed [MW-1:0] sum;
    if (c == C - 1) assign sum = part[(K-1)*C+c];
    else assign sum = out[c*C+C-2-c];
    for (genvar i = 0; i < C - 1 - c; i++) begin : g_wait
      always_ff @(posedge aclk) if (move) out[c*C+i] <= (i == 0) ? part[(K-1)*C+c] : out[c*C+(i==0?0:i-1)];
    end
    assign m_data[c] = sum[MW-1] ? 0 : sum;
  end

endmodule
