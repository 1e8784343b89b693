"""Questions answered from the goal down: compiled rules, tabling, and kept answers."""
