"""One network or many configurations, on every array of a grid: which of them no other beats."""
