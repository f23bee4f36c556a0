"""One module a stage: read the run folder, hand plain values to a room, record the facts."""
