"""The rule memory: evidence and weights, the gate that rules pass, the store, exchange as text, retrieval.

Nothing here imports a database or a numeric library before it is used: the extra ``[memory]`` brings both.
"""
