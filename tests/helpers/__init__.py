"""Helpers that the tests of several rooms share: each module is one of them."""
