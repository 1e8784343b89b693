"""The rule memory, on real databases."""
