"""Reading Verilog: tokens, elaboration, and a one-way interpreter of testbenches."""
