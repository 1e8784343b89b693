"""From a failed episode to candidate rules: prompts, the constrained grammar, clients of models."""
