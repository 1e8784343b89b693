"""Tests of the agent: its world, its policies, and the loop under the checker."""
