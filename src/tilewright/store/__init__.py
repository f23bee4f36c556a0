"""Files of the house: artifacts with a hash, written atomically, and packed bits."""
