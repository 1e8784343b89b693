"""Whole relations from the facts up: semi-naive evaluation."""
