"""Experiments: training rounds, baselines, statistics and reports."""
