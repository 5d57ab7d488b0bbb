"""From raw files to measured examples: store, import, embeddings, duplicates, label issues."""
