"""Top-down evaluation: questions compiled to what they bind, tabling and memoisation."""
