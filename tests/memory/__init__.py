"""Tests of the memory: replay, the gate, refinement, merging."""
