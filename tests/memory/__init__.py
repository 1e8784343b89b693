"""The rule memory: replay and the gate, and the store on real databases."""
