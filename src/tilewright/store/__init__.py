"""Files of tilewright: artifacts with a hash, written atomically, and packed bits."""
