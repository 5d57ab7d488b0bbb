"""Everything a person touches: the review queue, the pages, the review card, the command line."""
