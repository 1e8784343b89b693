"""From failed episodes to candidate rules."""
