"""English words that the guard treats in a way of their own.

Function words, spellings, units and set phrases only. Content words need no list: one that stands
on one side alone, or takes the place of another, makes a near-twin whatever it is.
"""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    """Words written side by side, as a set."""
    return frozenset(words.split())


def _table(lines: str) -> dict[str, str]:
    """Lines of `key: word word` as word → key; a key stands for itself too."""
    rows = [line.partition(":") for line in lines.split("\n") if line.strip()]
    return {word: key.strip() for key, _, words in rows for word in (key.strip(), *words.split())}


VOID = word_set(
    """
    a an the of its itself as so would be been being having doing please kindly actually
    basically simply really honestly literally very quite such any even ever also anyway however
    oh um umm uh uhm hm hmm ok okay alright
    """
)
"""May come and go anywhere."""

FAMILIES = {
    "person": """
        i: me my mine myself
        we: us our ours ourselves
        you: your yours yourself
        he: him his himself
        she: her hers herself
        they: them their theirs themselves""",
    "preposition": """
        to: towards toward
        from:
        at: in on into onto upon by
        for:
        with:
        about: regarding concerning""",
    "tense": """
        is: are am do does has have
        was: were did had""",
    "pointer": """
        this: these
        that: those which""",
    "place": "here:\nthere:",
    "aspect": "still:\nalready:\nyet:",
    "link": """
        and:
        because:
        although: but though""",
    "modal": "can: could",
    "light": """
        get: gets getting
        got:
        keep: keeps keeping kept
        set:""",
    "moment": "now: currently\nthen:",
    "pronoun": "it:",
}
SOFT = {
    word: f"{family}:{key}"
    for family, lines in FAMILIES.items()
    for word, key in _table(lines).items()
}
"""May come and go, but not give way to another of the same family: word → "family:key"."""

INVERTED = word_set("will must should may")
"""Change places with the subject in a question; that it is one is seen elsewhere."""

POSSESSIVES = word_set("my mine our ours your yours his her hers their theirs")
"""Not bound to a place: "my card" is "the card of mine"."""

LENIENT = {"just": "?only", "one": "?#1", "needto": "?must"}
"""May come and go, and may stand for the other word: "it is just 5" is "it is only 5"."""

NEGATIONS = word_set("not no non none nobody nothing nowhere neither nor without")

CLAUSE_STARTS = word_set(
    """
    and but because although when while if unless before after until whereas
    """
)

MOVABLE = word_set("back up off out away down over")
"""Particles, in and on apart: "send it back", "send back the lamp"."""

_SMALL_NUMBERS = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
"""  # Without "one", which is seldom a number.
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {
    **{word: value for value, word in enumerate(_SMALL_NUMBERS.split(), start=2)},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), start=2)},
    "zero": 0,
    "twice": 2,
    "dozen": 12,
}
SCALES = {"hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "billion": 10**9}
_ORDINALS = "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ORDINALS = {
    "first": "#1st",
    "third": "#3rd",
    **{word: f"#{value}th" for value, word in enumerate(_ORDINALS.split(), start=4)},
}
"""Without "second", which is also a unit: "2nd" is read as that."""

_DATES = """
    january: jan
    february: feb
    march:
    april: apr
    june: jun
    july: jul
    august: aug
    september: sep sept
    october: oct
    november: nov
    december: dec
    monday: mon mondays
    tuesday: tue tues tuesdays
    wednesday: weds wednesdays
    thursday: thu thur thurs thursdays
    friday: fri fridays
    saturday: saturdays
    sunday: sundays
    today:
    tomorrow:
    yesterday:
    tonight:"""  # Without "may", mostly a verb; another month against it differs all the same.
_UNITS = """
    %: percent pct
    ‰:
    $: dollar dollars usd bucks
    €: euro euros eur
    £: pound pounds gbp quid
    ¥: yen jpy
    ₹: rupee rupees inr
    chf:
    cent: cents
    second: seconds sec secs
    minute: minutes min mins
    hour: hours hr hrs
    day: days
    week: weeks wk wks
    month: months
    year: years yr yrs
    mm: millimetre millimetres millimeter millimeters
    cm: centimetre centimetres centimeter centimeters
    metre: metres meter meters
    km: kms kilometre kilometres kilometer kilometers
    inch: inches
    foot: feet ft
    mile: miles
    mg: milligram milligrams
    gram: grams
    kg: kgs kilo kilos kilogram kilograms
    lb: lbs
    ounce: ounces oz
    ml: millilitre millilitres milliliter milliliters
    litre: litres liter liters
    celsius: °c
    fahrenheit: °f
    am:
    pm:
    kb:
    mb:
    gb:
    tb:"""
DATES = {word: f"@{key}" for word, key in _table(_DATES).items()}
UNITS = {word: f"~{key}" for word, key in _table(_UNITS).items() if word != "am"}
UNITS_AFTER_NUMBER = {
    word: f"~{key}"
    for word, key in _table(
        "second: s\nhour: h\nday: d\nmetre: m\ngram: g\nlitre: l\ncelsius: c\nfahrenheit: f\nam:"
    ).items()
}

SAME = _table(
    """
    will: shall
    should: ought
    may: might
    wish: want wants wanted need needs needed
    if: whether
    every: each
    until: till til
    who: whom
    not: never
    almost: nearly
    begin: start
    began: started
    choose: pick select
    chose: picked selected
    fall: drop
    fell: dropped
    buy: purchase
    bought: purchased
    information: info
    account: acct acc
    appointment: appt
    approximately: approx
    message: msg
    password: pwd
    quantity: qty
    amount: amt
    address: addr
    telephone: phone tel
    photograph: photo
    department: dept
    television: tv
    refrigerator: fridge
    application: app
    maximum: max
    temperature: temp
    person: people persons
    child: children
    man: men
    woman: women
    check: cheque
    gray: grey
    program: programme
    tire: tyre
    jewelry: jewellery
    aluminum: aluminium
    mustache: moustache
    curb: kerb
    pajamas: pyjamas
    skeptical: sceptical
    mom: mum
    inquiry: enquiry
    inquire: enquire
    judgment: judgement
    aging: ageing
    fulfill: fulfil
    enroll: enrol
    installment: instalment
    skillful: skilful
    defense: defence
    offense: offence
    license: licence
    practice: practise
    maneuver: manoeuvre maneuvre
    cozy: cosy
    draft: draught
    donut: doughnut
    omelet: omelette
    sulfur: sulphur
    whiskey: whisky
    yogurt: yoghurt
    versus: vs
    government: govt gov
    transaction: txn trx
    street: st
    doctor: dr
    examination: exam
    laboratory: lab
    bicycle: bike
    learned: learnt
    burned: burnt
    dreamed: dreamt
    spelled: spelt
    spoiled: spoilt
    while: whilst
    among: amongst
    """
)
"""Another spelling, the commonest abbreviations, and a few synonyms that hold in any sentence."""

_AUXILIARIES = word_set("do does did is are was were has have had could should would must need")
EXPANSIONS = {
    "cannot": "can not",
    "can't": "can not",
    "cant": "can not",
    "won't": "will not",
    "wont": "will not",
    "shan't": "will not",
    "shant": "will not",
    "let's": "let us",
    "lets": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "dunno": "do not know",
    "pls": "please",
    "plz": "please",
    "thx": "thanks",
    "u": "you",
    "ur": "your",
    "cuz": "because",
    "coz": "because",
    "bc": "because",
    "cos": "because",
    "ppl": "people",
    "tmrw": "tomorrow",
    "&": "and",
    "im": "i",
    "whats": "what",
    "wheres": "where",
    "whens": "when",
    "hows": "how",
    "whos": "who",
    "thats": "that",
    "theres": "there",
    "heres": "here",
    **{f"{verb}nt": f"{verb} not" for verb in sorted(_AUXILIARIES)},
    **{f"{who}ve": f"{who} have" for who in ("i", "you", "we", "they")},
    **{f"{who}re": f"{who} are" for who in ("you", "they")},
    **{f"{who}ll": f"{who} will" for who in ("you", "they", "it")},
}


def is_function(word: str) -> bool:
    """Whether a word in lower case is one of those that may come and go."""
    return word in VOID or word in SOFT or word in LENIENT or word in EXPANSIONS
