// Weight stationary, flat ports. Skew of the rows and deskew of the columns are inside: one vector in, one vector out.

module flat_grid #(
    parameter int R  = 4,
    parameter int C  = 4,
    parameter int XW = 4,
    parameter int KW = 4,
    parameter int YW = 10
) (
    input  logic                 clk,
    input  logic                 rst_n,
    input  logic                 wr,
    input  logic [$clog2(R)-1:0] wr_row,
    input  logic [     C*KW-1:0] wr_data,
    input  logic                 go,
    input  logic [     R*XW-1:0] x,
    output logic                 done,
    output logic [     C*YW-1:0] y
);

  wire [XW-1:0] east [0:R-1][0:C];
  wire [YW-1:0] south[  0:R][0:C-1];

  logic [R+C-2:0] busy_q;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) busy_q <= '0;
    else busy_q <= {busy_q[R+C-3:0], go};
  end

  assign done = busy_q[R+C-2];

  for (genvar r = 0; r < R; r++) begin : gen_row
    wire row_wr = wr && wr_row == r;
    flat_delay #(.W(XW), .D(r)) u_skew (.clk, .d(x[r*XW+:XW]), .q(east[r][0]));
    for (genvar c = 0; c < C; c++) begin : gen_col
      flat_cell #(.XW(XW), .KW(KW), .YW(YW)) u_cell (
          .clk,
          .wr   (row_wr),
          .k    (wr_data[c*KW+:KW]),
          .west (east[r][c]),
          .north(south[r][c]),
          .east (east[r][c+1]),
          .south(south[r+1][c])
      );
    end
  end

  for (genvar c = 0; c < C; c++) begin : gen_out
    assign south[0][c] = '0;
    flat_delay #(.W(YW), .D(C - 1 - c)) u_deskew (.clk, .d(south[R][c]), .q(y[c*YW+:YW]));
  end

endmodule


module flat_cell #(
    parameter int XW = 4,
    parameter int KW = 4,
    parameter int YW = 10
) (
    input  logic          clk,
    input  logic          wr,
    input  logic [KW-1:0] k,
    input  logic [XW-1:0] west,
    input  logic [YW-1:0] north,
    output logic [XW-1:0] east,
    output logic [YW-1:0] south
);

  logic signed [   KW-1:0] k_q;
  logic signed [XW+KW-1:0] product;

  assign product = $signed({1'b0, west}) * k_q;

  always_ff @(posedge clk) begin
    if (wr) k_q <= k;
    east  <= west;
    south <= $signed(north) + product;
  end

endmodule


module flat_delay #(
    parameter int W = 4,
    parameter int D = 1
) (
    input  logic         clk,
    input  logic [W-1:0] d,
    output logic [W-1:0] q
);

  wire [W-1:0] line[0:D];

  assign line[0] = d;
  assign q       = line[D];

  for (genvar i = 0; i < D; i++) begin : gen_step
    logic [W-1:0] step_q;
    always_ff @(posedge clk) step_q <= line[i];
    assign line[i+1] = step_q;
  end

endmodule
