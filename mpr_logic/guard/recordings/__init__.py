"""Recorded conversations of agents, read from the formats in which others keep them."""
