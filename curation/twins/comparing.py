"""Why two readings are not one text said twice."""

from __future__ import annotations

import re
from collections import Counter

from curation.twins.lexicon import NEGATIONS
from curation.twins.order import reordered
from curation.twins.reading import KINDS, Language, Reading, few, plain
from curation.twins.rest import Rest, explain

_AT = "preposition:at"
"""The key of "on" and "in", which against "off" and "out" are worth showing."""
_NEGATIVE_PREFIX = re.compile(r"(?:un|in|im|ir|il|dis|de|mis|non)(?=\w{3})")


def difference(a: Reading, b: Reading) -> str | None:
    """As `why_not_duplicate`, for texts already read."""
    if a.surface == b.surface:
        return None
    if Language.CODE in (a.language, b.language):
        return _code(a, b)
    if Language.ENGLISH not in (a.language, b.language):
        ours, theirs = Rest(a, b), Rest(b, a)
        unknown = "the language is not known well enough to merge"
        return (_kind(ours, theirs) if "#" in _signs(ours, theirs) else None) or unknown
    ours, theirs = _explained(a, b)
    if ours.hard or theirs.hard:
        return _opposite(ours, theirs) or _unexplained(ours, theirs)
    return _other(ours, theirs)


def differ(a: Reading, b: Reading) -> bool:
    """Whether there is a `difference`, in less time than it takes to say which."""
    if a.surface == b.surface:
        return False
    if Language.CODE in (a.language, b.language):
        return True
    if Language.ENGLISH not in (a.language, b.language):
        return True
    ours, theirs = _explained(a, b)
    return bool(ours.hard or theirs.hard) or _other(ours, theirs) is not None


def _explained(a: Reading, b: Reading) -> tuple[Rest, Rest]:
    ours, theirs = Rest(a, b), Rest(b, a)
    if ours.hard or theirs.hard:
        explain(ours, theirs)
    return ours, theirs


def _other(ours: Rest, theirs: Rest) -> str | None:
    """What differs where every hard word is explained."""
    a, b = ours.reading, theirs.reading
    return _exchanged(ours, theirs) or _people(a, b) or _question(a, b) or reordered(a, b)


def _code(a: Reading, b: Reading) -> str:
    sides = (Counter(a.surface) - Counter(b.surface), Counter(b.surface) - Counter(a.surface))
    if not any(sides):
        return "the code differs in its order"
    return f"the code differs: {' / '.join(few(side) or 'none' for side in sides)}"


def _opposite(ours: Rest, theirs: Rest) -> str | None:
    """A word against its negative form: able and unable."""
    for one, other in ((ours, theirs), (theirs, ours)):
        for key in sorted(one.hard):
            word = one.reading.words[key]
            stem = _NEGATIVE_PREFIX.sub("", word, count=1)
            if stem != word and (stem in other.reading.written or stem in other.hard):
                return f"one says the opposite of the other: {word} / {stem}"
    return None


def _unexplained(ours: Rest, theirs: Rest) -> str:
    """Numbers, units and words that only one of the texts has and no other form explains."""
    if _signs(ours, theirs):
        return _kind(ours, theirs)
    if any(plain(key) in NEGATIONS for key in ours.hard | theirs.hard):
        sides = [_side(one, negative=True) for one in (ours, theirs)]
        return f"the negations differ: {sides[0]} / {sides[1]}"
    more, less = (ours, theirs) if ours.hard else (theirs, ours)
    if less.hard or any(plain(key) == _AT for key in less.soft):
        return f"the words differ: {_side(ours)} / {_side(theirs)}"
    return f"only one of them says: {_side(more)}"


def _signs(ours: Rest, theirs: Rest) -> list[str]:
    """The kinds of what is left, numbers before all others."""
    here = {key[0] for key in ours.hard} | {key[0] for key in theirs.hard}
    return [sign for sign in KINDS if sign in here]


def _kind(ours: Rest, theirs: Rest) -> str:
    sign = _signs(ours, theirs)[0]
    sides = [sorted(plain(key)[1:] for key in one.hard if key[0] == sign) for one in (ours, theirs)]
    return f"the {KINDS[sign]} differ: {' / '.join(', '.join(side) or 'none' for side in sides)}"


def _side(rest: Rest, *, negative: bool = False) -> str:
    words = rest.reading.words
    left = rest.hard or {key for key in rest.soft if plain(key) == _AT}
    keys = [key for key in words if key in left]
    return few(words[key] for key in keys if not negative or plain(key) in NEGATIONS) or "none"


def _exchanged(ours: Rest, theirs: Rest) -> str | None:
    """A soft word in the place of another of its family: my and your, to and from."""
    if not ours.keys or not theirs.keys:
        return None
    families: dict[str, str] = {}
    for key in sorted(ours.keys):
        families.setdefault(plain(key).partition(":")[0], key)
    for key in sorted(theirs.keys):
        mine = families.get(plain(key).partition(":")[0])
        if mine is not None and ":" in key and plain(mine) != plain(key):
            return f"the words differ: {ours.reading.words[mine]} / {theirs.reading.words[key]}"
    return None


def _people(a: Reading, b: Reading) -> str | None:
    if a.people and b.people and a.people.isdisjoint(b.people):
        return f"the names differ: {few(sorted(a.people))} / {few(sorted(b.people))}"
    return None


def _question(a: Reading, b: Reading) -> str | None:
    for one, other in ((a, b), (b, a)):
        for asked in one.inverted:
            found = (len(asked & clause) for clause in (*other.inverted, *other.asked))
            if 2 * max(found, default=0) < max(len(asked), 1):
                return "one asks what the other states"
    return None
