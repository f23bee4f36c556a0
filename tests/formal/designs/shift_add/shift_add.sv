// Outer products, one every B cycles: each cell multiplies by shifting and adding, one bit of its column's word a cycle.
// A kick takes one word for each row and one for each column; zero with it begins a new sum, last with it reports.

module shift_add #(
    parameter int T = 3,
    parameter int C = 4,
    parameter int B = 4,
    parameter int S = 11
) (
    input  logic           clk,
    input  logic           arst_n,
    input  logic           kick,
    input  logic           zero,
    input  logic           last,
    input  logic [T*B-1:0] lhs,
    input  logic [C*B-1:0] rhs,
    output logic           ready,
    output logic           fin,
    output logic [T*C*S-1:0] sums
);

  logic [$clog2(B)-1:0] turn;
  logic busy, is_last;
  wire final_turn = turn == B - 1;
  wire start = kick && ready;

  assign ready = !busy;

  always_ff @(posedge clk or negedge arst_n)
    if (!arst_n) begin
      busy <= 1'b0;
      fin  <= 1'b0;
    end else begin
      fin <= busy && final_turn && is_last;
      if (start) busy <= 1'b1;
      else if (final_turn) busy <= 1'b0;
    end

  always_ff @(posedge clk) begin
    turn <= start ? '0 : turn + 1'b1;
    if (start) is_last <= last;
  end

  logic [C*B-1:0] digits;

  for (genvar c = 0; c < C; c++) begin : g_digit
    always_ff @(posedge clk)
      if (start) digits[c*B+:B] <= rhs[c*B+:B];
      else digits[c*B+:B] <= digits[c*B+:B] >> 1;
  end

  for (genvar t = 0; t < T; t++) begin : g_row
    logic [2*B-1:0] addend;
    always_ff @(posedge clk)
      if (start) addend <= {{B{1'b0}}, lhs[t*B+:B]};
      else addend <= addend << 1;
    for (genvar c = 0; c < C; c++) begin : g_cell
      logic signed [S-1:0] sum;
      always_ff @(posedge clk)
        if (start) begin
          if (zero) sum <= '0;
        end else if (busy && digits[c*B])
          sum <= final_turn ? sum - $signed({1'b0, addend}) : sum + $signed({1'b0, addend});
      assign sums[(t*C+c)*S+:S] = sum;
    end
  end

endmodule
