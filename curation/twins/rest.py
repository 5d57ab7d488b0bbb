"""What one text has and the other has not, and what explains it."""

from __future__ import annotations

from curation.twins.dictionary import is_known, is_typo, present
from curation.twins.reading import Reading, plain


class Rest:
    """Keys that one text has and the other has not, as long as nothing explains them."""

    __slots__ = ("hard", "reading", "soft")

    def __init__(self, reading: Reading, other: Reading) -> None:
        self.reading = reading
        self.hard = set(reading.hard - other.bag)
        self.soft = set(reading.bag - other.bag - reading.hard)

    @property
    def keys(self) -> set[str]:
        """Hard and soft ones."""
        return self.hard | self.soft

    def explain(self, *keys: str) -> None:
        """Take them off."""
        self.hard.difference_update(keys)
        self.soft.difference_update(keys)

    def find(self, wanted: str) -> str | None:
        """The key, or a later occurrence of it."""
        if wanted in self.hard or wanted in self.soft:
            return wanted
        return next((key for key in sorted(self.keys) if plain(key) == wanted), None)

    def forms(self, key: str, other: Rest) -> list[str]:
        """How the word behind a key is written here and not there."""
        words, wanted = self.reading.words, plain(key)
        if f"{wanted}\t2" not in words:
            return [words[key]]
        written = {word for k, word in words.items() if plain(k) == wanted}
        return sorted(written - other.reading.written) or [words[key]]


def explain(ours: Rest, theirs: Rest) -> None:
    """Take off what is another form of the same: spelling, typing error, compound, gerund."""
    sides = ((ours, theirs), (theirs, ours))
    if not any(_is_open(one, other) for one, other in sides):
        return
    for one, other in sides:
        _lenient(one, other)
        _compounds(one, other)
        _typos(one, other)
        _gerunds(one, other)
        _wish(one)


def _is_open(one: Rest, other: Rest) -> bool:
    """Whether any explanation is possible at all; mostly none is."""
    reading, compounds = one.reading, other.reading.compounds
    if not one.hard.isdisjoint(reading.odd):
        return True
    return any(
        key in other.reading.pasts
        or reading.words[key] in compounds
        or ("\t" in key and any(word in compounds for word in one.forms(key, other)))
        for key in one.hard
    )


def _lenient(one: Rest, other: Rest) -> None:
    """ "only" against "just", which need not stand for it."""
    for key in sorted(one.hard & one.reading.odd):
        found = other.find(f"?{plain(key)}")
        if found is not None:
            one.explain(key)
            other.explain(found)


def _compounds(one: Rest, other: Rest) -> None:
    """ "email" against "e-mail", "website" against "web site"."""
    for key in sorted(one.hard):
        words = one.forms(key, other)
        parts = next(filter(None, map(other.reading.compounds.get, words)), None)
        if parts is not None:
            found = [other.find(part) for part in parts if part]
            if all(found):
                one.explain(key)
                other.explain(*(part for part in found if part))


def _wish(rest: Rest) -> None:
    """ "I want to cancel" asks for the same as "Cancel"; the subject must have gone with it."""
    if any(plain(key) in ("person:i", "person:we") for key in rest.soft):
        rest.explain(*[key for key in rest.hard if plain(key) == "wish"])


def _gerunds(one: Rest, other: Rest) -> None:
    """ "before paying" against "before I paid"; not "I am paying" against "I paid"."""
    if any(key.startswith("tense:") for key in one.soft):
        return
    for key in sorted(one.hard):
        if one.reading.words[key].endswith("ing"):
            past = next((k for k in other.hard if present(other.reading.words[k]) == key), None)
            if past is not None:
                one.explain(key)
                other.explain(past)


def _typos(one: Rest, other: Rest) -> None:
    """A word that is in no dictionary and nearly one of the other text."""
    missing = other.reading.written - one.reading.written
    for key in sorted(one.hard & one.reading.odd):
        words = [word for word in one.forms(key, other) if _may_be_typo(key, word)]
        if not words:
            continue
        meant = (k for k in sorted(other.keys) if any(_is_slip(w, one, k, other) for w in words))
        found = next(meant, None)
        if found is not None:
            one.explain(key)
            other.explain(found)
        elif any(is_typo(word, void) for word in words for void in missing):
            one.explain(key)


def _may_be_typo(key: str, word: str) -> bool:
    return key[0] not in "#=^" and not is_known(word)


def _is_slip(word: str, one: Rest, key: str, other: Rest) -> bool:
    """Two names that are nearly alike may be two people, unless one text writes it both ways."""
    names = word in one.reading.names and key[0] != "@"
    return any(
        is_typo(word, meant)
        and (not names or meant not in other.reading.names or meant in one.reading.written)
        for meant in other.forms(key, one)
    )
