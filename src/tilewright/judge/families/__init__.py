"""Families of causes, one module each: a function `causes` from a problem to its causes."""
