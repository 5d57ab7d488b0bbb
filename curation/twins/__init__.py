"""The guard: what makes two similar texts say different things.

An embedding hardly notices a changed number, a "not" or two words that changed places. Such a pair
is shown as a near-twin and never merged. The guard asks which words of either text the other one
does not account for, after numbers, units, spellings, contractions and courtesies are brought to
one form, and would rather refuse a true duplicate than merge two different texts.
"""

from curation.twins.comparing import differ, difference
from curation.twins.reading import Reading, read

__all__ = ["Reading", "differ", "difference", "read", "why_not_duplicate"]


def why_not_duplicate(a: str, b: str) -> str | None:
    """Why two similar texts must not be merged, in words; None where nothing speaks against it.

    English texts may differ in case, punctuation, spelling, typing errors, courtesies, articles and
    the like, and in the order of whole clauses. Texts in code or JSON, or in a language that is not
    known, may differ in signs and white space only.
    """
    return difference(read(a), read(b))
