// tw_l0: input queues of the array, one per row; they add the skew.
//
// Contract
//   A pushed word holds one lane per row and one bit that says whether the lanes are activations or
//   weights, so that the stream may follow the load without a gap. Every row pops every word once,
//   in order. A pop needs data only: a gap between pushes passes through as a bubble.
//
// Timing
//   Pushed in cycle k, the word heads its queues in k + 1; row r shows and pops it in k + 1 + r.
//   Row r therefore never holds more than r + 1 words, and Rows slots are enough.

module tw_l0 #(
    parameter int Rows       = 8,
    parameter int ActBits    = 4,
    parameter int WeightBits = 4
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // one word a cycle from XMEM or WMEM
    input  logic                       push_i,
    input  logic                       is_act_i,
    input  logic [   Rows*ActBits-1:0] act_i,
    input  logic [Rows*WeightBits-1:0] weight_i,
    // to the array, one lane per row
    output logic [           Rows-1:0] weight_valid_o,
    output logic [Rows*WeightBits-1:0] weight_o,
    output logic [           Rows-1:0] act_valid_o,
    output logic [   Rows*ActBits-1:0] act_o
);

  localparam int LaneBits = (ActBits > WeightBits) ? ActBits : WeightBits;

  logic [Rows-1:0] pop;

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    logic [LaneBits-1:0] lane;
    logic [  LaneBits:0] head;
    logic                empty;
    logic                is_turn;

    assign lane = is_act_i ? LaneBits'(act_i[r*ActBits+:ActBits])
                           : LaneBits'(weight_i[r*WeightBits+:WeightBits]);

    // Row 0 pops whatever is there, each row below one cycle after the row above.
    if (r == 0) begin : gen_first
      assign is_turn = 1'b1;
    end else begin : gen_below
      logic above_q;
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) above_q <= 1'b0;
        else above_q <= pop[r-1];
      end
      assign is_turn = above_q;
    end
    assign pop[r] = is_turn && !empty;

    tw_fifo #(
        .Width(LaneBits + 1),
        .Depth(Rows)
    ) u_fifo (
        .clk_i,
        .rst_ni,
        .push_i,
        .data_i ({is_act_i, lane}),
        .pop_i  (pop[r]),
        .data_o (head),
        .empty_o(empty)
    );

    assign act_valid_o[r]                       = pop[r] && head[LaneBits];
    assign weight_valid_o[r]                    = pop[r] && !head[LaneBits];
    assign act_o[r*ActBits+:ActBits]            = head[ActBits-1:0];
    assign weight_o[r*WeightBits+:WeightBits]   = head[WeightBits-1:0];
  end

endmodule
