"""Loops over integers that numba compiles, down to vector instructions: for training and for the engine."""
