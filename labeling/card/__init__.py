"""The review card: one example, its evidence, and one key per decision."""
