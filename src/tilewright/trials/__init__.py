"""A core that only its user's command can run: vectors for it, trials, and the smallest bundle that fails."""
