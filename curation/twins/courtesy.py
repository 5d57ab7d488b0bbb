"""Greetings, thanks, signatures and polite frames: what surrounds a text and is not its matter."""

from __future__ import annotations

import re
from typing import NamedTuple

from curation.twins.dictionary import is_common
from curation.twins.lexicon import is_function


class Clause(NamedTuple):
    """A run of words between two punctuation marks; `ends` where the mark closes a sentence."""

    words: str
    ends: bool
    asked: bool
    """It is a question by its mark, or was framed as one ("I wonder if …")."""


class Matter(NamedTuple):
    """A text without its courtesies."""

    clauses: tuple[Clause, ...]
    people: frozenset[str]
    """Who is greeted, and who signs."""


def _any(lines: str, **parts: str) -> str:
    """A pattern for any of the patterns that stand one a line; PART in them is put in."""
    for name, part in parts.items():
        lines = lines.replace(name, part)
    return f"(?:{'|'.join(line.strip() for line in lines.strip().splitlines())})"


_ANYONE = "(?:you|someone|anyone|anybody)"
_CAN_YOU = rf"(?:can|could|would|will) {_ANYONE} (?:please |kindly |possibly )*"
_NAME = r"[^\W\d_]+(?:[.'’-]? ?[^\W\d_]+)?"
_HELLO = _any(
    r"""
    hi|hiya|yo|hello|hey|howdy|greetings|salut
    good (?:morning|afternoon|evening|day)
    dear(?= [^\n,.!:;]{1,30}[,:\n])
    """
)
_ALL_OF_YOU = r"(?: {})*+".format(
    _any(
        """
        there|again|all|team|everyone|everybody|folks|guys|sir|sirs|madam|ma'am|or|and
        support|service|customer|friends?
        """
    )
)
_THANKS = _any(
    r"""
    (?:(?:many|much) )?(?:thanks|thank you|cheers|much obliged)VERY*HELP?VERY*
    """,
    VERY=r"(?: (?:(?:so|very) much|a lot|a million|again|in advance|you))",
    HELP=r"(?: for (?:(?:all|any) )?(?:your|the|any) (?:kind )?"
    r"(?:help|time|support|patience|assistance|attention|understanding|reply|answer))",
)
_REGARDS = _any(
    r"""
    (?:with )?(?:my )?(?:(?:kind(?:est)?|best|warm(?:est)?|many) )?(?:regards|greetings)
    (?:best|all the best|best wishes|warmly|blessings|sincerely|respectfully)(?=[,.!\n]|$)
    yours(?: (?:sincerely|faithfully|truly))?(?=[,.!\n]|$)
    (?:sincerely|faithfully|truly) yours
    """
)
_POLITE_END = _any(
    rf"""
    {_THANKS}
    {_REGARDS}
    please help(?: me| us)?WITH_THIS
    please
    please (?:advise|let me know)
    help please
    (?:any|your) HELPING (?:is|would be|will be) MUCH(?:appreciated|welcome|great)
    MUCHappreciated
    (?:i(?:'d| would|'ll| will)? )?MUCHappreciate (?:it|(?:your|any|the|some) HELPING)
    (?<!how )(?<!what )(?:can|could) {_ANYONE} (?:please )?help(?: me| us)?WITH_THIS
    """,
    WITH_THIS=r"(?: (?:out|with (?:this|that|it)|please))*",
    MUCH="(?:(?:much|greatly|highly|very|really) )?",
    HELPING="(?:help|advice|assistance|info)",
)
_WHOLE_CLAUSE = _any(
    rf"""
    {_HELLO}{_ALL_OF_YOU}
    {_POLITE_END}(?: and {_POLITE_END})?
    (?:please |kindly |{_CAN_YOU})?(?:help|assist|advise|reply|respond)(?: me| us)?(?: please)?
    (?:i )?(?:need|want) (?:some )?(?:help|assistance)
    (?:please )?let me know(?: if you (?:need|want) (?:anything|something)(?: else)?)?
    (?:{_CAN_YOU})?(?:please )?(?:tell|inform) (?:me|us)
    please (?:look into (?:it|this|that)|get back to me)
    to whom it may concern
    sorry(?: (?:to (?:bother|trouble) you|for (?:bothering|troubling) you))?
    sorry for the (?:bother|trouble|inconvenience)
    excuse me|pardon me|no worries|take care|to be honest|by the way|btw|fyi|tbh|you know|i mean
    if you (?:don't|do not) mind|if (?:at all )?possible|if you can|if you could
    when you (?:get|have) (?:a|the) (?:chance|moment|minute)
    (?:i |we )?hope (?:you are|you're|all is|everything is)(?: doing)? (?:well|fine|good|great)
    (?:i |we )?hope this (?:email |message |letter )?finds you(?: (?:well|fine|good|great))?
    (?:i |we )?hope (?:that )?you can help(?: me)?
    (?:i )?(?:just )?(?:have|had|got) (?:a|one) (?:quick |small |short )?question(?: for you)?
    (?:just )?(?:a |one )?(?:quick |small |short )?question
    (?:i was |i am |i'm )?(?:just )?wondering|just (?:curious|asking)
    (?:(?:i|we) look|looking) forward to (?:hearing from you|your (?:reply|answer|response))
    have a (?:nice|good|great|lovely) (?:day|one|evening|week|weekend)
    well|like|anyway|sadly|unfortunately|so
    """
)
_QUESTION = r"(?=(?:if|whether|what|when|where|why|how|who|which)\b)"
_LEAD = r"(?:(?:please|kindly|so|and|well|also|just) )*"
_ASK = _any(
    rf"""
    (?:{_CAN_YOU})?(?:(?:tell|show|inform) (?:me|us)|let (?:me|us) know) (?:about )?
    (?:i|we)(?: would|'d)? (?:like|love|want|need) to (?:know|ask)(?: about)?[ ]
    (?:(?:i|we)(?:'m| am| was| were)? )?(?:just )?wonder(?:ing)? {_QUESTION}
    (?:do you|does anyone|would you) (?:happen to )?know {_QUESTION}
    any idea {_QUESTION}
    """
)
_REQUEST = _any(
    r"""
    (?:i need|i would like|i'd like|i want) (?:some |your )?help (?:with |to |in )?
    (?:(?:can|could|would|will) you )?(?:please |kindly )?help (?:me|us) (?:to |with )?
    (?:i|we)(?:'d| would)? MUCH(?:appreciate it|be grateful) if you (?:can|could|would)[ ]
    (?:would|do) you mind[ ]
    """,
    MUCH="(?:(?:very much|greatly|really) )?",
)

_opening = re.compile(
    rf"\s*{_HELLO}{_ALL_OF_YOU}(?: (?P<name>{_NAME}))?\s*(?:[,.!:;\n]|\s[-–—])\s*"
)
_bare_opening = re.compile(rf"\s*{_HELLO}{_ALL_OF_YOU}\s+")
_closing = re.compile(
    rf"(?:^|[\s.,!?;:)–—-]+)(?P<said>{_POLITE_END})"
    r"(?:\s*[,!.;\n–—-]\s*(?P<signed>(?:[^\W\d_]+\.?[ ]?){1,3}))?[\s.!?,–—-]*$"
)
_regards = re.compile(_REGARDS)
_whole_clause = re.compile(_WHOLE_CLAUSE)
_filler = re.compile(r"\b(?:you know|i mean|um+|uh+|er+), |(?:(?<=[,.;:?!] )|^)well, ")
_ask = re.compile(rf"{_LEAD}{_ASK}(?P<whether>(?:if|whether) )?")
_request = re.compile(rf"{_LEAD}{_REQUEST}(?=\w+ )")
_may_i_have = re.compile(
    r"(?:please )?(?:(?:can|could|may|might) (?:i|we) please (?:have|get)"
    r"|(?:could|may|might) (?:i|we) have) "
)
_shorthand = [
    (re.compile(rf"\b{short}"), full)
    for short, full in (
        (r"u\b", "you"),
        (r"ur\b", "your"),
        (r"(?:pls|plz)\b", "please"),
        (r"thx\b", "thanks"),
        (r"w/o\b", "without"),
        (r"w/(?=\s)", "with"),
    )
]
_short = re.compile("|".join(pattern.pattern for pattern, _ in _shorthand))
_clause = re.compile(r"([^.!?,;:\n()]*(?:[.,:](?=\w)[^.!?,;:\n()]*)*)([.!?,;:\n()]*)")


def matter(text: str, names: frozenset[str]) -> Matter:
    """Strip courtesies from a text in lower case with straight apostrophes.

    `names` are words that are capitalised as only names are. A text that is nothing but courtesies
    keeps all of it.
    """
    if _short.search(text):
        for pattern, full in _shorthand:
            text = pattern.sub(full, text)
    rest, greeted = _without_opening(_filler.sub("", text), names)
    rest, signed = _without_closing(rest, names)
    clauses = [clause for clause in _split(rest) if not _whole_clause.fullmatch(clause.words)]
    if not clauses:
        return Matter(tuple(_split(text)), frozenset())
    return Matter(tuple(map(_unframed, clauses)), frozenset(greeted | signed))


def _without_opening(text: str, names: frozenset[str]) -> tuple[str, set[str]]:
    """The text without its greetings, and who is greeted."""
    greeted = set()
    while opening := _opening.match(text) or _bare_opening.match(text):
        name = opening.groupdict().get("name")
        if name and not opening[0].lstrip().startswith("dear") and not _is_name(name, names):
            opening, name = _bare_opening.match(text), None
            if opening is None:
                break
        if name:
            greeted.add(name)
        text = text[opening.end() :]
    return text, greeted


def _without_closing(text: str, names: frozenset[str]) -> tuple[str, set[str]]:
    """The text without thanks and regards at its end, and who signs."""
    signed = set()
    while closing := _closing.search(text):
        if name := closing["signed"]:
            formal = _regards.fullmatch(closing["said"]) is not None
            if not (formal or _is_name(name, names)) or any(map(is_function, _letters(name))):
                break
            signed.add(" ".join(_letters(name)))
        if not closing.start():
            return "", signed
        text = text[: closing.start()] + (closing[0][0] if closing[0][0] in ".?!" else "")
    return text, signed


def _letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def _is_name(words: str, names: frozenset[str]) -> bool:
    return all(word in names or not is_common(word) for word in _letters(words))


def _split(text: str) -> list[Clause]:
    found = []
    for words, marks in _clause.findall(text):
        plain = " ".join(words.split()).strip("\"'*_ -–—")
        if plain:
            found.append(Clause(plain, bool(set(marks) & set(".!?\n")), "?" in marks))
    return found


def _unframed(clause: Clause) -> Clause:
    """A clause without "could you tell me if …", "I need help with …"."""
    words = clause.words
    if hello := _bare_opening.match(words):
        words = words[hello.end() :]
    if ask := _ask.match(words):
        rest = words[ask.end() :]
        return Clause(rest, clause.ends, clause.asked or bool(ask["whether"])) if rest else clause
    words = _may_i_have.sub("i need ", words, count=1)
    if request := _request.match(words):
        words = words[request.end() :]
    return clause._replace(words=words)
