"""Duplicate pairs by exact key, by cosine and by spelling, and what follows at any threshold.

Examples with the same `exact_key` count as one text. `search_pairs` ties all of them to the one
with the smallest id with one exact pair each: a star, m − 1 pairs in place of m². An embedding may
well see what a key passes over, so everything that is written differently is compared; but what is
found stands for the whole text, as a pair of the two first examples, with the highest similarity of
any of their copies. Everything that reads pairs (`cluster`, `leakage_groups`, `conflicts`) folds
exact pairs back into one text, so that a copy shares every pair of its text.
"""

from curation.duplicates.conflicts import conflicts, conflicts_in, groups_among
from curation.duplicates.differences import Segments, mark_differences
from curation.duplicates.finding import SEARCHES_SCHEMA, Found, Known, find_pairs, search_pairs
from curation.duplicates.graph import TextGraph, alike, leakage_groups, text_graph
from curation.duplicates.keys import AS_EVER, Form, exact_key
from curation.duplicates.lexical import lexical_vectors
from curation.duplicates.stars import COPY_SIMILARITY, RANKS, Stars, cluster, copy_groups
from curation.duplicates.texts import PAIR_SCHEMA
from curation.duplicates.verdicts import set_apart
from curation.similarity import nearest_neighbours
from curation.twins import why_not_duplicate

__all__ = [
    "AS_EVER",
    "COPY_SIMILARITY",
    "PAIR_SCHEMA",
    "RANKS",
    "SEARCHES_SCHEMA",
    "Form",
    "Found",
    "Known",
    "Segments",
    "Stars",
    "TextGraph",
    "alike",
    "cluster",
    "conflicts",
    "conflicts_in",
    "copy_groups",
    "exact_key",
    "find_pairs",
    "groups_among",
    "leakage_groups",
    "lexical_vectors",
    "mark_differences",
    "nearest_neighbours",
    "search_pairs",
    "set_apart",
    "text_graph",
    "why_not_duplicate",
]
