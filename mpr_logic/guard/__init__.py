"""Plug the checker into an agent: one neutral guard of tool calls, and thin adapters over it."""
