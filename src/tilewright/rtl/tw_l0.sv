// tw_l0: queues at an edge of the array, one per lane; they add the skew.
//
// Contract
//   A pushed word holds one field per lane. Every lane pops every word once, in order. A lane pops
//   whenever it holds data; a gap between pushes travels through as a bubble.
//
// Timing
//   Pushed in cycle k, the word heads its queues in k + 1; lane i shows and pops it in k + 1 + i.
//   Lane i therefore never holds more than i + 1 words, and has so many slots.

module tw_l0 #(
    parameter int Lanes = 8,
    parameter int Width = 4
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic                   push_i,
    input  logic [Lanes*Width-1:0] word_i,
    output logic [      Lanes-1:0] valid_o,
    output logic [Lanes*Width-1:0] lanes_o
);

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic empty;
    logic is_turn;

    // Lane 0 pops whatever is there, each further lane one cycle after the lane before.
    if (i == 0) begin : gen_first
      assign is_turn = 1'b1;
    end else begin : gen_next
      logic before_q;
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) before_q <= 1'b0;
        else before_q <= valid_o[i-1];
      end
      assign is_turn = before_q;
    end
    assign valid_o[i] = is_turn && !empty;

    tw_fifo #(
        .Width(Width),
        .Depth(i + 1)
    ) u_fifo (
        .clk_i,
        .rst_ni,
        .push_i,
        .data_i (word_i[i*Width+:Width]),
        .pop_i  (valid_o[i]),
        .data_o (lanes_o[i*Width+:Width]),
        .empty_o(empty)
    );
  end

endmodule
