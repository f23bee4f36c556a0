// tw_fifo: first-in first-out queue, first word falls through.
//
// Contract
//   data_o shows the oldest word whenever empty_o is low; pop_i removes it at the end of the cycle.
//   Push into a full queue is legal if it is popped in the same cycle. Any other push into a full
//   queue, and any pop from an empty one, is a design error and stops the simulation.
//
// Timing
//   A word pushed in cycle k is visible from cycle k + 1.

module tw_fifo #(
    parameter int Width = 8,
    parameter int Depth = 8
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             push_i,
    input  logic [Width-1:0] data_i,
    input  logic             pop_i,
    output logic [Width-1:0] data_o,
    output logic             empty_o
);

  localparam int PointerBits = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int CountBits = $clog2(Depth + 1);
  localparam logic [PointerBits-1:0] LastSlot = PointerBits'(Depth - 1);

  logic [      Width-1:0] slots_q[Depth];
  logic [PointerBits-1:0] read_q;
  logic [PointerBits-1:0] write_q;
  logic [  CountBits-1:0] count_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q  <= '0;
      write_q <= '0;
      count_q <= '0;
    end else begin
      if (push_i) write_q <= (write_q == LastSlot) ? '0 : write_q + PointerBits'(1);
      if (pop_i) read_q <= (read_q == LastSlot) ? '0 : read_q + PointerBits'(1);
      count_q <= count_q + CountBits'(push_i) - CountBits'(pop_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) slots_q[write_q] <= data_i;
  end

`ifndef SYNTHESIS
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni);
    else if (pop_i && empty_o) $fatal(1, "%m: pop from an empty queue");
    else if (push_i && !pop_i && count_q == CountBits'(Depth)) $fatal(1, "%m: push when full");
  end
`endif

  assign data_o  = slots_q[read_q];
  assign empty_o = (count_q == '0);

endmodule
