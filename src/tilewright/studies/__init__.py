"""Questions about a finished run or network, one module each."""
