// 8x8 elements: activations enter from the west, row r after r cycles; sums leave in the south.
module array (
    input wire clk,
    input wire load,
    input wire [2:0] load_col,
    input wire [31:0] weights,  // of column load_col, row 0 rightmost
    input wire [31:0] acts,  // row 0 rightmost
    output wire [127:0] sums  // column 0 rightmost
);
  wire [3:0] act[0:7][0:8];
  wire signed [15:0] sum[0:8][0:7];
  genvar r, c, i;
  generate
    for (r = 0; r < 8; r = r + 1) begin : g_row
      wire [3:0] late[0:r];
      assign late[0] = acts[4*r+:4];
      for (i = 0; i < r; i = i + 1) begin : g_skew
        reg [3:0] held;
        always @(posedge clk) held <= late[i];
        assign late[i+1] = held;
      end
      assign act[r][0] = late[r];
      for (c = 0; c < 8; c = c + 1) begin : g_col
        pe u_pe (
            .clk(clk),
            .load(load && load_col == c),
            .weight_in(weights[4*r+:4]),
            .act_in(act[r][c]),
            .sum_in(sum[r][c]),
            .act_out(act[r][c+1]),
            .sum_out(sum[r+1][c])
        );
      end
    end
    for (c = 0; c < 8; c = c + 1) begin : g_south
      wire signed [15:0] late[0:7-c];
      assign sum[0][c] = 16'd0;
      assign late[0]   = sum[8][c];
      for (i = 0; i < 7 - c; i = i + 1) begin : g_skew
        reg signed [15:0] held;
        always @(posedge clk) held <= late[i];
        assign late[i+1] = held;
      end
      assign sums[16*c+:16] = late[7-c];
    end
  endgenerate
endmodule
