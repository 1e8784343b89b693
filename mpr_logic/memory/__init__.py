"""The rule memory: evidence and weights, the store, exchange as text, and retrieval.

Nothing here imports a database or a numeric library before it is used: the extra ``[memory]`` brings both.
"""
