"""Household episodes in text: AlfWorld's games, and an engine of our own that plays them.

``games`` reads the games of a split, ``simulator`` plays one. Both need the extra: ``mpr-logic[alfworld]``.
"""
