// Sources of tw_core, package first: iverilog -g2012 -s tw_core -f tw_core.f, in this folder.
tw_pkg.sv
tw_array.sv
tw_axis.sv
tw_controller.sv
tw_core.sv
tw_engine.sv
tw_fifo.sv
tw_l0.sv
tw_ofifo.sv
tw_pe.sv
tw_sfu.sv
tw_sram.sv
tw_tracker.sv
tw_window.sv
