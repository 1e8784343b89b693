"""What was learned: evidence for rules, the gate that they pass, and where they are kept and found again."""
