// tw_controller: runs the folds of one job, one after the other.
//
// Contract
//   A job is one output tile: itiles * kh * kw folds, input tile outer, tap inner. Each fold reads
//   its Cols weight words from the highest column down, then all T = padded_h * padded_w activation
//   words, and then waits until the last vector is written. The layer descriptor is constant while
//   busy_o. start_i counts in Idle only.
//
// Timing (cycle 0 is the first cycle of a fold in Load)
//   Load    0 .. Cols-1             WMEM read of column Cols-1, ..., 0
//   Stream  Cols .. Cols+T-1        XMEM read of word 0, ..., T-1
//   Drain   until fold_done_i; the next cycle is the next fold's cycle 0, or Idle with done_o

module tw_controller #(
    parameter int Cols         = 8,
    parameter int DimBits      = 16,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14
) (
    input  logic                    clk_i,
    input  logic                    rst_ni,
    // job
    input  logic                    start_i,
    output logic                    busy_o,
    output logic                    done_o,
    // layer descriptor
    input  logic [     DimBits-1:0] padded_h_i,
    input  logic [     DimBits-1:0] padded_w_i,
    input  logic [     DimBits-1:0] kh_i,
    input  logic [     DimBits-1:0] kw_i,
    input  logic [     DimBits-1:0] itiles_i,
    // memories
    output logic                    wmem_re_o,
    output logic [WmemAddrBits-1:0] wmem_addr_o,
    output logic                    xmem_re_o,
    output logic [XmemAddrBits-1:0] xmem_addr_o,
    // present fold
    output logic                    is_loading_o,
    output logic [     DimBits-1:0] ki_o,
    output logic [     DimBits-1:0] kj_o,
    output logic                    is_first_fold_o,
    output logic                    is_last_fold_o,
    input  logic                    fold_done_i
);

  localparam int ColBits = (Cols > 1) ? $clog2(Cols) : 1;
  localparam logic [ColBits-1:0] LastCol = ColBits'(Cols - 1);

  typedef enum logic [1:0] {
    Idle,
    Load,
    Stream,
    Drain
  } state_e;

  state_e                    state_q;
  logic                      done_q;
  // Load
  logic   [     ColBits-1:0] col_q;
  logic   [WmemAddrBits-1:0] weight_base_q;  // word of column 0 of this fold
  // Stream
  logic   [     DimBits-1:0] row_q;
  logic   [     DimBits-1:0] column_q;
  logic   [XmemAddrBits-1:0] act_addr_q;
  logic   [XmemAddrBits-1:0] act_base_q;  // word of pixel 0 of this input tile
  // fold
  logic   [     DimBits-1:0] itile_q;
  logic   [     DimBits-1:0] ki_q;
  logic   [     DimBits-1:0] kj_q;

  logic                      is_row_end;
  logic                      is_stream_end;
  logic                      is_last_kj;
  logic                      is_last_tap;
  logic                      is_last_fold;

  assign is_row_end    = (column_q == padded_w_i - DimBits'(1));
  assign is_stream_end = is_row_end && (row_q == padded_h_i - DimBits'(1));
  assign is_last_kj    = (kj_q == kw_i - DimBits'(1));
  assign is_last_tap   = is_last_kj && (ki_q == kh_i - DimBits'(1));
  assign is_last_fold  = is_last_tap && (itile_q == itiles_i - DimBits'(1));

  // State
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      done_q  <= 1'b0;
    end else begin
      done_q <= (state_q == Drain) && fold_done_i && is_last_fold;
      case (state_q)
        Idle:    if (start_i) state_q <= Load;
        Load:    if (col_q == '0) state_q <= Stream;
        Stream:  if (is_stream_end) state_q <= Drain;
        default: if (fold_done_i) begin  // Drain
          if (is_last_fold) state_q <= Idle;
          else state_q <= Load;
        end
      endcase
    end
  end

  // Which fold: tap inner, input tile outer
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      itile_q       <= '0;
      ki_q          <= '0;
      kj_q          <= '0;
      weight_base_q <= '0;
      act_base_q    <= '0;
    end else if (state_q == Idle) begin
      itile_q       <= '0;
      ki_q          <= '0;
      kj_q          <= '0;
      weight_base_q <= '0;
      act_base_q    <= '0;
    end else if (fold_done_i) begin
      weight_base_q <= weight_base_q + WmemAddrBits'(Cols);
      kj_q          <= is_last_kj ? '0 : kj_q + DimBits'(1);
      if (is_last_kj) ki_q <= is_last_tap ? '0 : ki_q + DimBits'(1);
      if (is_last_tap) begin
        itile_q    <= itile_q + DimBits'(1);
        act_base_q <= act_addr_q;  // the stream has just passed the end of the tile
      end
    end
  end

  // Which word of the fold
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      col_q      <= LastCol;
      row_q      <= '0;
      column_q   <= '0;
      act_addr_q <= '0;
    end else begin
      case (state_q)
        Load: begin
          col_q      <= (col_q == '0) ? LastCol : col_q - ColBits'(1);
          row_q      <= '0;
          column_q   <= '0;
          act_addr_q <= act_base_q;
        end
        Stream: begin
          column_q <= is_row_end ? '0 : column_q + DimBits'(1);
          if (is_row_end) row_q <= row_q + DimBits'(1);
          act_addr_q <= act_addr_q + XmemAddrBits'(1);
        end
        default: ;
      endcase
    end
  end

  assign busy_o          = (state_q != Idle);
  assign done_o          = done_q;
  assign wmem_re_o       = (state_q == Load);
  assign wmem_addr_o     = weight_base_q + WmemAddrBits'(col_q);
  assign xmem_re_o       = (state_q == Stream);
  assign xmem_addr_o     = act_addr_q;
  assign is_loading_o    = (state_q == Load);
  assign ki_o            = ki_q;
  assign kj_o            = kj_q;
  assign is_first_fold_o = (itile_q == '0) && (ki_q == '0) && (kj_q == '0);
  assign is_last_fold_o  = is_last_fold;

endmodule
