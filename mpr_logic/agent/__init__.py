"""The agent's side: the world that it acts in, who chooses its actions, and the loop under the checker."""
