"""An answer that refuses, apologises or is nothing but phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import exchanges, words
from curation.records import Task

_MACHINE = re.compile(
    r"\b(?:as|being) an? (?:mere |simple |humble |\w+ly )?(?:ai|artificial intelligence|llm|"
    r"(?:\w+ ){0,2}language model|(?:ai|virtual|digital|automated) (?:assistant|model|system)|"
    r"(?:ai )?chatbot|bot)\b(?! (?:engineer|researcher|developer|expert|company|startup|student))"
    r"|\bi(?:['’]m| am) (?:just |only |merely |simply )?an? (?:ai|artificial intelligence|"
    r"(?:\w+ ){0,2}language model|(?:ai|virtual|digital|automated) \w+|chatbot)\b"
    r"|\bals (?:ki|künstliche intelligenz|sprachmodell|ki-\w+|ein ki-\w+)\b"
    r"|\ben tant qu(?:['’]|e )(?:ia|intelligence artificielle|modèle de langage|assistant)\b"
    r"|\bcomo (?:(?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje)|modelo de linguagem)\b"
    r"|作为(?:一个)?(?:ai|人工智能)|aiとして|как (?:ии|языковая модель)",
    re.IGNORECASE,
)
_HELP = (
    r"(?:(?:help|assist|answer|discuss|talk|comply|complie|fulfil|respond|comment|continu|engag|"
    r"advis|repl)|do (?:that|this|so)\b|(?:say|tell you)\W*\Z|"
    r"be of (?:\w+ )?(?:assistance|help|service|use)|"
    r"(?:provid|support|speak|shar|offer|giv|address|handl|generat|creat|writ|produc)\w* "
    r"(?:\w+ ){0,3}?(?:that|this|it|such|answers?|information|assistance|help|advice|guidance|"
    r"opinions?|response|content)\b)"
)
"""What is refused; a thing refused by name, like a refund, may well be an answer."""

_UNABLE = (
    r"(?:can(?:no|['’])t|can not|could(?:n['’]t| not)|won['’]t|will not|may not|must not|"
    r"shouldn['’]t|(?:(?:am|['’]m|are|['’]re) (?:\w+ )?|\bbe )(?:unable|not (?:able|allowed|"
    r"permitted|authori[sz]ed|in a position|comfortable|prepared|willing|programmed|designed))"
    r"(?: \w+ing)?(?: to)?|(?:must|have to|need to) (?:refrain|abstain)|"
    r"(?:would|['’]d) (?:rather|prefer) not(?: to)?|do(?:n['’]t| not) (?:feel comfortable|want to))"
)
_DECLINES = re.compile(
    rf"\b(?:i|we)(?: \w+ly)?\s?{_UNABLE}\W+(?:\w+\W+){{0,3}}?{_HELP}"
    r"|\b(?:i|we)(?:['’]m| am| are)? (?:\w+ ){0,2}(?:must|have to|going to|need to|will) (?:\w+ )?"
    r"(?:decline|refuse)\b"
    r"|^\W*(?:no comment|i (?:decline|refuse|pass)\b.{0,40}$)"
    r"|\b(?:outside|beyond)(?: of)? (?:what i|my (?:scope|abilit|capabilit|expertise|remit|area|"
    r"field|knowledge))"
    r"|\bnot (?:be )?(?:appropriate|possible|right|ethical|permitted) for me to\b"
    r"|\b(?:request|prompt|question) (?:has been|was|is) (?:declined|denied|refused|blocked)"
    r"|\bi (?:do not|don['’]t) have (?:access to|the ability to|personal|real-time|feelings)"
    r"|\b(?:goes )?against my (?:\w+ )?(?:guidelines|programming|policy|policies|principles)"
    r"|\b(?:this|that|your) (?:request|question|topic)\b.{0,30}\b(?:cannot be|can['’]t be|"
    r"is not something i|is something i can['’]?t|isn['’]t something i|violates)"
    r"|\bsomething (?:that )?i (?:can(?:no|['’])t|am not able to|am not allowed to|won['’]t)\b"
    r"|\bich (?:kann|darf|möchte|werde)\b.{0,60}\bnicht (?:\w+ )?(?:helfen|beantworten|antworten|"
    r"weiterhelfen|unterstützen|beraten|sprechen|äußern)"
    r"|\bkann ich (?:leider |dir |ihnen |dabei |hierbei |da ){0,3}nicht (?:\w+ )?\w*"
    r"(?:helfen|beantworten)"
    r"|\bje (?:ne (?:peux|suis)|suis (?:désolée?|incapable|dans l['’]impossibilité))\b.{0,60}\b"
    r"(?:aider|répondre|assister|fournir)"
    r"|\bno (?:puedo|me es posible|estoy (?:autorizad[oa]|en condiciones))\b.{0,40}\b(?:ayudar\w*|"
    r"responder\w*|asistir\w*|proporcionar\w*|contestar\w*)"
    r"|\bnon (?:posso|sono in grado di)\b.{0,40}\b(?:aiutar\w*|risponder\w*)"
    r"|\bkan ik (?:\w+ ){0,3}niet (?:\w+ )?(?:helpen|beantwoorden)"
    r"|\bnão (?:posso|consigo)\b.{0,40}\b(?:ajud\w+|responder)"
    r"|无法(?:回答|提供|帮助|协助|满足)|不能(?:回答|提供帮助|协助)|お答えできません|お手伝いできません"
    r"|не (?:могу|имею возможности)\b.{0,40}\b(?:помочь|ответить|предоставить)",
    re.IGNORECASE | re.MULTILINE,
)
_PHRASE = re.compile(
    r"\W*(?:(?:i(?:['’]m| am) )?(?:so |very |really |truly )?sorry\b.{0,60}"
    r"|(?:i|we|my) ?(?:sincerely |deeply )?apolog\w+.{0,80}"
    r"|(?:that(?:['’]s| is) )?(?:an? |such an? )?(?:great|good|excellent|interesting|fantastic|"
    r"wonderful) (?:question|point|choice).{0,40}"
    r"|(?:we|i) (?:really |truly )?(?:value|appreciate) your .{0,30}"
    r"|(?:thank you|thanks)\b.{0,60}(?:question|asking|reaching out|inquiry|message|understanding)"
    r".{0,30}"
    r"|(?:sure|certainly|of course|absolutely|no problem|gladly)\b.{0,40}"
    r"|(?:i(?:['’]d| would) be|i(?:['’]m| am)) (?:happy|glad|delighted|pleased|here) to (?:help|"
    r"assist).{0,60}"
    r"|(?:i )?hope (?:this|that|it) (?:helps|answers|was helpful|clarifies).{0,60}"
    r"|(?:(?:please|do|just) )?(?:feel free|don['’]t hesitate|let me know)\b.{0,100}"
    r"|(?:if you have|should you have) (?:any )?(?:more |other |further |additional )?"
    r"questions.{0,80}"
    r"|is there (?:anything|something) else.{0,60}"
    r"|(?:please |you should |i(?:['’]d| would)? (?:recommend|suggest|advise) (?:that )?(?:you )?)"
    r"(?:to )?(?:consult\w*|ask\w*|contact\w*|speak\w*|see\w*|seek\w*|check\w*|reach\w*)\b.{0,40}"
    r"\b(?:professional|expert|specialist|doctor|physician|lawyer|advice|help|support|someone else)"
    r".{0,40}"
    r"|how (?:can|may) i (?:help|assist).{0,40}"
    r"|have a \w+ (?:day|time|evening|week|one).{0,10}|good luck.{0,30}|unfortunately|however"
    r"|(?:it|this) depends(?: on .{0,25})?)\W*",
    re.IGNORECASE,
)
_IMPROPER = re.compile(
    r"\b(?:bomb|explosive|weapon|gun|poison|kill|murder|suicide|self-harm|hurt|harm|hack|crack|"
    r"phish\w*|malware|ransomware|virus|exploit|steal|shoplift|fraud|scam|forge|counterfeit|"
    r"launder|drugs?|meth|cocaine|heroin|porn\w*|sex\w*|nude|rape|racist|nazi|terror\w*|stalk|"
    r"spy on|password|bypass|illegal\w*|kidnap|blackmail|diagnos\w*|dosage)\b",
    re.IGNORECASE,
)
_ABOUT_ITSELF = re.compile(
    r"\b(?:are you|who are you|what are you|do you|can you (?:feel|think|dream)|your (?:name|"
    r"feelings?|opinion|favou?rite|creator)|bist du|es-tu|eres)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*|\n|,? but (?=\w)")
_SOMETHING = 8
_MUCH = 25
_READ = 600
_OPENING = 3


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer that, its set phrases taken out, says next to nothing.

    Sentences are sorted into those that refuse, those in which a machine speaks of itself, those
    that are mere phrases, and the rest. A refusal with fewer than eight words of rest scores
    0.05, phrases alone 0.15. With more of a rest only openings count: “as an AI model” scores
    0.3, a refusal 0.4 if fewer than 25 words follow. Where the request may be improper the
    refusal may be right: 0.5.
    """
    for row, question, answer in exchanges(evidence):
        if fault := _fault(question, answer):
            yield Finding(row, *fault)


def _fault(question: str, answer: str) -> tuple[float, str] | None:
    sentences = [part.strip() for part in _SENTENCE_END.split(answer[:_READ]) if words(part)]
    declines = [sentence for sentence in sentences if _DECLINES.search(sentence)]
    machine = [sentence for sentence in sentences if _MACHINE.search(sentence)]
    phrases = [sentence for sentence in sentences if _PHRASE.fullmatch(sentence)]
    spoken = {*declines, *machine, *phrases}
    rest = sum(len(words(sentence)) for sentence in sentences if sentence not in spoken)
    rest += len(answer[_READ:].split())
    refusing = bool(declines or machine)
    if not spoken or (not refusing and (rest or len(words(answer)) < _SOMETHING)):
        return None
    fault = _graded(declines, machine, sentences, rest)
    if fault is None or (machine and _ABOUT_ITSELF.search(question)):
        return None
    if refusing and _IMPROPER.search(question):
        return 0.5, f"{fault[1]} The request may be improper, so this may be right."
    return fault


def _graded(
    declines: list[str], machine: list[str], sentences: list[str], rest: int
) -> tuple[float, str] | None:
    if rest < _SOMETHING:
        if declines or machine:
            return 0.05, f"The answer only refuses: “{shorten((declines or machine)[0])}”."
        return (
            0.15,
            f"The answer is set phrases and says nothing: “{shorten(' '.join(sentences))}”.",
        )
    if machine and machine[0] in sentences[:_OPENING]:
        return 0.3, f"The answer speaks as a machine: “{shorten(machine[0])}”."
    if declines and declines[0] in sentences[:_OPENING] and rest < _MUCH:
        return 0.4, f"The answer begins with a refusal: “{shorten(declines[0])}”."
    return None


DETECTOR = Detector(
    kind="refusal",
    title="Refusal",
    ask="Should the question be answered?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
