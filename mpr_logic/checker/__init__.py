"""Decisions about actions, and the answers that explain them."""
