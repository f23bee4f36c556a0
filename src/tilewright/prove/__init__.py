"""Proofs for all inputs: a netlist is run on polynomials, under known control."""
