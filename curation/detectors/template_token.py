"""Marks of a chat template that leaked into a question, an answer or a turn."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import earlier_turns, without_code
from curation.records import Task

CONTROL_TOKEN = re.compile(
    r"<[|｜][^<>|｜\s\ud800-\udfff]{1,64}[|｜]>"  # <|im_end|>, <|eot_id|> and their like
    r"|\[/?INST\]|<</?SYS>>|<[be]os>|</?(?:start|end)_of_(?:turn|utterance|text)>"
    r"|\[/?(?:AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|\[TOOL_CALLS\]|\[[BE]OS\]"
    r"|<extra_id_\d+>|<\|?(?:endoftext|im_start|im_end|eot_id)\|?>"
)
"""Marks that only chat templates have; trainers turn them into control tokens."""

_SENTENCE_TOKEN = re.compile(r"\A\s*<s>(?!.*</s>.*\w)|</s>\s*\Z|</s>\s*<s>", re.S)
_STRUCK = re.compile(r"<s>[^<]*</s>")
_INSTRUCTION = re.compile(
    r"^#{2,4} ?(?:(?:Instruction|Response|Human|Assistant|User)s?\s*:|End\s*\Z)"
    r"|^#{2,4} ?(?:Instruction|Response)\s*$",
    re.M,
)
_SPEAKER = re.compile(
    r"^[ \t]*(?:\*\*|<)?(User|Human|Assistant|USER|HUMAN|ASSISTANT|Chatbot|GPT)"
    r"(?:(?:\*\*)?[ \t]*[:：](?:\*\*)?|>:?)",
    re.M,
)
_ABOUT = re.compile(
    r"token|template|prompt|chatml|llama|tokeni[sz]|fine-?tun|language model|\bLLM|<\|", re.I
)
_DIALOGUE = re.compile(
    r"dialog|conversation|chat|script|transcript|interview|role-?play|scene|screenplay|example|"
    r"\buser\b|\bassistant\b|gespräch|conversaci|conversa|对话|會話|会話|対話",
    re.I,
)
_SURE, _HINTED, _MAYBE = 0.02, 0.15, 0.5


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every example with such marks in the answer, the question or an earlier turn.

    A control token scores 0.02; the header of a turn (“Human:”, “### Response:”) inside an
    answer 0.15. Where the mark stands in code only, or the question is about templates or asks
    for a dialogue, the score is 0.5. `<s>` counts only where it frames the text and cannot be
    the HTML tag for struck text.
    """
    earlier = dict(earlier_turns(evidence))
    columns = (evidence.examples["text"], evidence.examples["given"])
    for row, (text, given) in enumerate(zip(*columns, strict=True)):
        turns = earlier.get(row)
        places = [("The answer", given or "")]
        if turns is None:
            places.append(("The question", text))
        else:
            places += [
                (f"Turn {number} ({turn.get('role')})", turn.get("content") or "")
                for number, turn in enumerate(turns, start=1)
            ]
        found = (_fault(*place, text) for place in places)
        if faults := [fault for fault in found if fault is not None]:
            yield Finding(row, *min(faults))


def _fault(place: str, text: str, question: str) -> tuple[float, str] | None:
    if "<" not in text and "[" not in text and ":" not in text and "#" not in text:
        return None
    if found := _control(text):
        at, where = found
        doubtful = where == "code" or bool(_ABOUT.search(question.replace(text, "")))
        note = ", though in code" if where == "code" else ""
        shown = shorten(text[max(at - 30, 0) : at + 50])
        return (
            _MAYBE if doubtful else _SURE
        ), f"{place} holds a chat template mark{note}: “{shown}”."
    answering = place == "The answer" or "(assistant)" in place
    return _header(place, text, question) if answering else None


def _control(text: str) -> tuple[int, str] | None:
    """Where the first control token stands, and whether in prose or in code only."""
    for pattern in (CONTROL_TOKEN, _SENTENCE_TOKEN):
        if not (first := pattern.search(text)):
            continue
        if pattern is _SENTENCE_TOKEN and _STRUCK.search(text.lstrip()[1:]):
            continue
        in_prose = pattern.search(without_code(text))
        return first.start(), "prose" if in_prose else "code"
    return None


def _header(place: str, text: str, question: str) -> tuple[float, str] | None:
    prose = without_code(text)
    found = _INSTRUCTION.search(prose) or _SPEAKER.search(prose)
    if not found:
        return None
    lone = found.start() == 0 and found[0].strip().casefold() in ("user:", "human:")
    if lone and len(_SPEAKER.findall(prose)) == 1:
        return None  # more like an entry of a glossary
    wanted = _DIALOGUE.search(question) or _ABOUT.search(question)
    header = found.group().strip()
    return (_MAYBE if wanted else _HINTED), f"{place} holds the header of a turn: “{header}”."


DETECTOR = Detector(
    kind="template-token",
    title="Chat template marks",
    ask="What is left when the marks are taken out?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
