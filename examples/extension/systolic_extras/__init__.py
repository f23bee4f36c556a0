"""One thing of every kind that tilewright takes from other packages, each in a file of its own."""
