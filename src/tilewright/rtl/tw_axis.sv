// tw_axis: position on one axis of the padded plane, and whether a tap uses it there.
//
// Contract
//   The position n runs 0 .. size_i-1, one further with each step_i; restart_i sets it to 0 and
//   wins over step_i. A position is a hit if n = o * stride_i + tap_i for an o in 0 .. count_i-1.
//   No divider: `wait_q` counts down the positions until the next candidate, `hits_q` counts the
//   candidates so far.
//
// Timing
//   hit_o and last_o (n = size_i-1) describe the present position, from registers. All sizes are
//   constant between a restart and the next one, and at least 1; tap_i may be 0.

module tw_axis #(
    parameter int DimBits = 16
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic               restart_i,
    input  logic               step_i,
    input  logic [DimBits-1:0] size_i,
    input  logic [DimBits-1:0] tap_i,
    input  logic [DimBits-1:0] stride_i,
    input  logic [DimBits-1:0] count_i,
    output logic               hit_o,
    output logic               last_o
);

  logic [DimBits-1:0] position_q;
  logic [DimBits-1:0] wait_q;
  logic [DimBits-1:0] hits_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      position_q <= '0;
      wait_q     <= '0;
      hits_q     <= '0;
    end else if (restart_i) begin
      position_q <= '0;
      wait_q     <= tap_i;
      hits_q     <= '0;
    end else if (step_i) begin
      position_q <= position_q + DimBits'(1);
      if (wait_q == '0) begin
        wait_q <= stride_i - DimBits'(1);
        hits_q <= hits_q + DimBits'(1);
      end else begin
        wait_q <= wait_q - DimBits'(1);
      end
    end
  end

  assign hit_o  = (wait_q == '0) && (hits_q < count_i);
  assign last_o = (position_q == size_i - DimBits'(1));

endmodule
