"""Tests of reflection: candidate rules from failed episodes."""
