"""Tests of rules: ``.test`` in rule files, run against a guard, with coverage and mutants."""
