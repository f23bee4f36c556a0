// tw_pkg: the descriptor of a job: the mode in which the core runs, and the layer.
//
// Contract
//   A layer_t is constant while the core is busy. The host computes its products (plane, line,
//   onij), so that no multiplier is needed on the core's address path. rtl/descriptor.py is the
//   same descriptor in Python, field by field; a test holds the two to each other.
//   A module whose ports have these types imports them in its header: Icarus 11 knows such a type
//   by its imported name only. It also is why parameters are `int` and not `int unsigned`.
//
// Timing
//   None: types and constants.

package tw_pkg;

  localparam int DimBits = 16;  // a size or a count of a layer
  localparam int ProductBits = 32;  // a product of two of them
  localparam int LeakBits = 5;

  // How the array is used. Another dataflow gets its number here.
  typedef enum logic [1:0] {
    WeightStationary = 2'd0,
    TwoChannels      = 2'd1,  // weight stationary; an activation is two channels
    OutputStationary = 2'd2
  } dataflow_e;

  // What becomes of a final psum. Another function gets its number here.
  typedef enum logic [1:0] {
    Relu   = 2'd0,  // 0 where it is negative
    Leaky  = 2'd1,  // shifted right by `leak` where it is negative
    Signed = 2'd2   // as it is
  } function_e;

  typedef struct packed {
    dataflow_e           dataflow;
    logic                is_overlapped;    // folds follow one another without a pause
    logic                is_skipping;      // weight stationary: only the pixels of a tap are read
    logic                saturate;         // else sums that do not fit wrap
    function_e           output_function;
    logic [LeakBits-1:0] leak;
  } mode_t;

  typedef struct packed {
    mode_t                  mode;
    logic [DimBits-1:0]     padded_h;
    logic [DimBits-1:0]     padded_w;
    logic [DimBits-1:0]     kh;
    logic [DimBits-1:0]     kw;
    logic [DimBits-1:0]     stride_h;
    logic [DimBits-1:0]     stride_w;
    logic [DimBits-1:0]     oh;
    logic [DimBits-1:0]     ow;
    logic [DimBits-1:0]     itiles;
    logic [DimBits-1:0]     otiles;    // of the job
    logic [DimBits-1:0]     steps;     // of an output-stationary pass, else 1
    logic [DimBits-1:0]     passes;    // output stationary, else 1
    logic [ProductBits-1:0] plane;     // padded_h * padded_w
    logic [ProductBits-1:0] line;      // stride_h * padded_w
    logic [ProductBits-1:0] onij;      // oh * ow
  } layer_t;

endpackage
