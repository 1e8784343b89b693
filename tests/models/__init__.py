"""Tests of reflection: grammars, prompts, the reflector, and model clients against a server on loopback."""
