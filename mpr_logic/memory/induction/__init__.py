"""From evidence to rules: search, refinement, replay, merging, and the gate."""
