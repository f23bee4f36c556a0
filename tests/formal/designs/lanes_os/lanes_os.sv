// Output stationary, one port a lane, signed by signed. The rows and columns are fed skewed; a sum is read by its place.

module lanes_os #(
    parameter int A = 4,
    parameter int B = 4,
    parameter int S = 11
) (
    input  wire         ck,
    input  wire         run,
    input  wire [  2:0] live,
    input  wire [  2:0] head,
    input  wire [A-1:0] a0,
    input  wire [A-1:0] a1,
    input  wire [A-1:0] a2,
    input  wire [B-1:0] b0,
    input  wire [B-1:0] b1,
    input  wire [B-1:0] b2,
    input  wire [  1:0] pick_row,
    input  wire [  1:0] pick_col,
    output wire [S-1:0] sum
);

  wire [  A-1:0] a[0:2][0:3];
  wire [  B-1:0] b[0:3][0:2];
  wire [    1:0] f[0:2][0:3];
  wire [3*S-1:0] s[0:2];

  assign a[0][0] = a0;
  assign a[1][0] = a1;
  assign a[2][0] = a2;
  assign b[0][0] = b0;
  assign b[0][1] = b1;
  assign b[0][2] = b2;

  genvar i, j;
  generate
    for (i = 0; i < 3; i = i + 1) begin : row
      assign f[i][0] = {head[i], live[i]};
      for (j = 0; j < 3; j = j + 1) begin : col
        lanes_mac #(A, B, S) mac (
            ck, run, f[i][j], a[i][j], b[i][j], f[i][j+1], a[i][j+1], b[i+1][j], s[i][j*S+:S]
        );
      end
    end
  endgenerate

  reg [S-1:0] shown;
  always @* begin
    shown = 0;
    if (pick_row < 3 && pick_col < 3) shown = s[pick_row][pick_col*S+:S];
  end
  assign sum = shown;

endmodule


module lanes_mac #(
    parameter int A = 4,
    parameter int B = 4,
    parameter int S = 11
) (
    input  wire                ck,
    input  wire                run,
    input  wire        [  1:0] f_w,
    input  wire signed [A-1:0] a_w,
    input  wire signed [B-1:0] b_n,
    output reg         [  1:0] f_e,
    output reg  signed [A-1:0] a_e,
    output reg  signed [B-1:0] b_s,
    output reg  signed [S-1:0] acc
);

  wire signed [A+B-1:0] ab = a_w * b_n;
  wire signed [S-1:0] base = f_w[1] ? 0 : acc;

  always @(posedge ck)
    if (run) begin
      f_e <= f_w;
      a_e <= a_w;
      b_s <= b_n;
      if (f_w[0]) acc <= base + ab;
    end

endmodule
