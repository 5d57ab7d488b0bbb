"""Errors planted in right answers, several forms a kind; their wording is not the detectors' own.

A plant takes a random generator and an exchange and returns the spoilt one, or None where the form
does not fit. An exchange is a question, its answer, and the turns of a conversation or None.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Turn = dict[str, Any]


class Exchange(NamedTuple):
    """A question, its answer, and all turns where it is a conversation."""

    question: str
    answer: str | None
    messages: list[Turn] | None = None


Plant = Callable[[random.Random, Exchange, Sequence[Exchange]], Exchange | None]


def _answering(change: Callable[[random.Random, str, str], str | None]) -> Plant:
    """A plant that changes only the answer; `change` gets the question and the answer."""

    def plant(rng: random.Random, row: Exchange, _: Sequence[Exchange]) -> Exchange | None:
        answer = change(rng, row.question, row.answer or "")
        return None if answer is None or answer == row.answer else row._replace(answer=answer)

    return plant


def _cut_words(rng: random.Random, _: str, answer: str) -> str | None:
    words = answer.split(" ")
    if len(words) < 8:
        return None
    return " ".join(words[: rng.randint(len(words) // 3, len(words) * 4 // 5)]).rstrip(".!? \n")


def _cut_characters(rng: random.Random, _: str, answer: str) -> str | None:
    return answer[: rng.randint(len(answer) // 2, len(answer) - 5)] if len(answer) > 60 else None


def _cut_at_comma(_: random.Random, __: str, answer: str) -> str | None:
    at = answer.rfind(", ")
    return answer[: at + 1] if at > 20 else None


def _cut_end(rng: random.Random, _: str, answer: str) -> str | None:
    words = answer.split(" ")
    return " ".join(words[: -rng.randint(1, 3)]) if len(words) > 10 else None


REFUSALS = (
    "Sorry, I won't be answering this one.",
    "I regret that I'm unable to be of assistance with this matter.",
    "Being an AI, I have no experience of that and cannot say.",
    "As an AI developed to be harmless, I must refrain from replying.",
    "I'm afraid I can't do that.",
    "Thank you for reaching out! We value your interest. Have a lovely day!",
    "That's an excellent question! I'd be delighted to assist. Do let me know if you need more.",
    "My apologies, but that lies outside my area. You may wish to consult an expert.",
    "I cannot in good conscience provide an answer to that.",
    "It would not be appropriate for me to respond to this prompt.",
    "Es tut mir leid, aber dabei kann ich dir leider nicht weiterhelfen.",
    "Je regrette, mais je ne suis pas en mesure de répondre à cette question.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "抱歉，我无法回答这个问题。",
    "I do not have access to real-time data, so I am not able to give you that information.",
    "Let's change the subject, shall we? There are things on which I prefer to stay silent.",
    "This is not something I am comfortable with. Perhaps a specialist could advise you.",
    "I lack the knowledge to reply, since I am just a program trained on text.",
    "We're sorry to disappoint you, but no answer can be given here.",
    "Mi dispiace, ma non posso rispondere a questa domanda.",
    "Het spijt me, maar daar kan ik je niet mee helpen.",
    "申し訳ありませんが、そのご質問にはお答えできません。",
    "Wow, what an intriguing thing to ask! I really appreciate your curiosity.",
    "Unfortunately, due to my content policy, this request has been declined.",
)


def _refusal(rng: random.Random, _: str, __: str) -> str | None:
    return rng.choice(REFUSALS)


def _disclaimer(rng: random.Random, _: str, answer: str) -> str | None:
    opening = ("As an AI language model, I have no hands. ", "Speaking as a mere chatbot: ")
    return rng.choice(opening) + answer


def _echo_whole(_: random.Random, question: str, __: str) -> str | None:
    return question


def _echo_loose(rng: random.Random, question: str, _: str) -> str | None:
    return rng.choice([question.upper(), question.rstrip("?.") + "…", f"“{question}”"])


def _echo_framed(rng: random.Random, question: str, _: str) -> str | None:
    return rng.choice(["You asked: ", "Question: ", "So, "]) + question


def _echo_less(rng: random.Random, question: str, _: str) -> str | None:
    words = question.split()
    if len(words) < 9:
        return None
    del words[rng.randrange(len(words))]
    return " ".join(words)


FOREIGN = (
    "Ziehe die Schraube von Hand an und prüfe dann, ob noch Spiel vorhanden ist.",
    "Zuerst teilst du den Betrag durch die Anzahl der Freunde, dann ziehst du die Kosten ab.",
    "Nettoyez la chaîne avec un chiffon et mettez une goutte d'huile sur chaque maillon.",
    "Il faut d'abord multiplier le prix par le nombre de boîtes, puis retirer la remise.",
    "Limpia la cadena con un trapo y pon una gota de aceite en cada eslabón.",
    "Stringi la vite a mano e poi controlla che non ci sia gioco.",
    "Limpe a corrente com um pano e coloque uma gota de óleo em cada elo.",
    "Draai de schroef met de hand aan en controleer daarna of er nog speling is.",
    "Nej, det behövs inte, men torka av kedjan med en trasa efter varje tur.",
    "Dokręć śrubę ręką, a potem sprawdź, czy nie ma luzu.",
    "Протрите цепь тряпкой и капните масло на каждое звено.",
    "用布擦净链条，在每一节上滴一滴油，然后再上路。",
    "布でチェーンを拭き、各リンクに油を一滴ずつ差してください。",
    "천으로 체인을 닦고 각 마디에 기름을 한 방울씩 떨어뜨리세요.",
    "امسح السلسلة بقطعة قماش وضع قطرة زيت على كل حلقة.",
    "Zinciri bir bezle temizleyin ve her baklaya bir damla yağ koyun.",
    "Siết ốc bằng tay rồi kiểm tra xem còn độ rơ không.",
)


def _foreign(rng: random.Random, _: str, __: str) -> str | None:
    return rng.choice(FOREIGN)


def _loop_tail(rng: random.Random, _: str, answer: str) -> str | None:
    words = answer.split()
    if len(words) < 12:
        return None
    at = rng.randrange(4, len(words) - 5)
    return " ".join(words[:at] + words[at : at + rng.randint(3, 6)] * rng.randint(8, 30))


def _loop_glued(rng: random.Random, _: str, answer: str) -> str | None:
    return answer + re.sub(r"\W", "", answer)[-rng.randint(6, 14) :] * 40


def _loop_numbered(rng: random.Random, _: str, answer: str) -> str | None:
    line = answer.partition(".")[0]
    if len(line.split()) < 5:
        return None
    return "\n".join(f"{number}. {line}." for number in range(1, rng.randint(6, 15)))


def _loop_sentences(rng: random.Random, _: str, answer: str) -> str | None:
    return " ".join([answer] * rng.randint(3, 6)) if len(answer.split()) > 12 else None


def _loop_characters(rng: random.Random, _: str, __: str) -> str | None:
    return "先擦干净链条，再上油。" + rng.choice(["然后检查刹车", "上油之后", "用布擦"]) * 15


MARKUP = (
    "\n\nTry this:\n```python\nprice = 3\nprint(price * 2)\n",
    "\n\n```\nls -l\n```\n\nand then\n\n```bash\nmake all\n",
    "\n\nSo we get $$\\frac{a}{b} = c and that is it.",
    "\n\n\\begin{aligned} a &= b + c \\\\ b &= 2",
    "\n\n\\begin{itemize}\n\\item one\n\\end{enumerate}",
    "\n\n$$\\left( \\frac{1}{2} + x = 3$$",
    "\n\nIt follows that \\[ x^2 = 4 holds.",
    "\n\n| part | size |\n|---|---|---|\n| nut | 8 |",
    "\n\n| part | size |\n|---|---|\n| nut | 8 |\n| bolt |\n| pin | 3 |",
    "\n\nRun `make` first, then `make install and wait.",
    "\n\nHere $\\alpha is the angle and $\\beta$ the slope.",
)


def _markup(rng: random.Random, _: str, answer: str) -> str | None:
    return answer + rng.choice(MARKUP)


TOKENS = (
    "{}<|im_end|>",
    "<s>[INST] {} [/INST]",
    "{}</s>",
    "{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>",
    "{}<end_of_turn>\n<start_of_turn>model",
    "<|assistant|>\n{}",
    "{}<|endoftext|>",
    "<<SYS>> You are helpful. <</SYS>> {}",
    "<｜Assistant｜>{}<｜end▁of▁sentence｜>",
    "{}\n\nHuman: Thanks!\n\nAssistant: You are welcome.",
    "### Response:\n{}",
    "Assistant: {}",
    "{}\nUser: and what then?",
    "{}\n### Instruction: Name three fruits.",
    "{}[/TOOL_RESULTS]",
)


def _token(rng: random.Random, _: str, answer: str) -> str | None:
    return rng.choice(TOKENS).replace("{}", answer)


def _token_in_question(rng: random.Random, row: Exchange, _: Sequence[Exchange]) -> Exchange | None:
    form = rng.choice(["<|im_start|>user\n{}", "[INST] {} [/INST]", "{}<|eot_id|>"])
    return row._replace(question=form.replace("{}", row.question))


def _too_long(rng: random.Random, row: Exchange, others: Sequence[Exchange]) -> Exchange | None:
    answers = [other.answer or "" for other in rng.sample(list(others), rng.randint(14, 25))]
    return row._replace(answer="\n\n".join([row.answer or "", *answers]))


def _too_short(rng: random.Random, _: str, answer: str) -> str | None:
    return rng.choice(["Yes.", "No idea", "Maybe", answer.split(maxsplit=1)[0]])


def conversation(rows: Sequence[Exchange]) -> Exchange:
    """A right conversation of a few exchanges."""
    turns: list[Turn] = []
    for row in rows:
        turns.append({"role": "user", "content": row.question})
        turns.append({"role": "assistant", "content": row.answer})
    text = "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns[:-1])
    return Exchange(text, rows[-1].answer, turns)


def _turns(change: Callable[[random.Random, list[Turn]], list[Turn]]) -> Plant:
    def plant(rng: random.Random, row: Exchange, _: Sequence[Exchange]) -> Exchange | None:
        turns = change(rng, [dict(turn) for turn in row.messages or []])
        last = turns[-1]
        answer = last["content"] if last["role"] == "assistant" else None
        return row._replace(messages=turns, answer=answer)

    return plant


def _call(number: int) -> Turn:
    calls = [{"id": f"call_{number}", "function": {"name": "look_up", "arguments": "{}"}}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _result(number: int) -> Turn:
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": "42"}


_BROKEN_TURNS: tuple[Callable[[random.Random, list[Turn]], list[Turn]], ...] = (
    lambda _, turns: turns[:-1],
    lambda _, turns: turns[1:],
    lambda _, turns: turns[:1] + turns[2:],
    lambda _, turns: turns[:2] + turns[1:],
    lambda _, turns: [turns[0] | {"content": " \n"}, *turns[1:]],
    lambda _, turns: [*turns[:2], {"role": "system", "content": "Be brief."}, *turns[2:]],
    lambda _, turns: [turns[0], _call(1), *turns[1:]],
    lambda _, turns: [turns[0], _result(1), *turns[1:]],
    lambda _, turns: [turns[0], _call(1), _result(2), *turns[1:]],
    lambda _, turns: turns[:2] + turns,
)

_RESULT = re.compile(r"(=\s*\$?)(\d+)(>>|(?= ?[a-z.\n])|$)", re.M)


def _wrong_result(rng: random.Random, _: str, answer: str) -> str | None:
    """One result of a worked answer replaced, in an annotation or in the text."""
    results = list(_RESULT.finditer(answer))
    if not results:
        return None
    at = rng.choice(results)
    right = int(at[2])
    wrong = right + rng.choice([1, -1, 2, 10, -10, right, right * 9 + 10])
    return f"{answer[: at.start(2)]}{abs(wrong)}{answer[at.end(2) :]}"


def _wrong_sum(rng: random.Random, _: str, answer: str) -> str | None:
    """A sentence with a sum of its own, as people write it."""
    a, b = rng.randint(3, 90), rng.randint(3, 90)
    wrong = rng.choice([1, 10, -2])
    forms = (
        f"That makes {a} + {b} = {a + b + wrong} in all.",
        f"{a} x {b} = {a * b + wrong}, so take that.",
        f"The cost is ${a},000 - ${b} = ${a * 1000 - b + wrong:,}.",
        f"In total: ({a} + {b}) * 2 = {2 * (a + b) + wrong} mm.",
        f"20% of {5 * a} = {a + wrong}.",
    )
    return f"{rng.choice(forms)} {answer}"


PLANTS: dict[str, tuple[Plant, ...]] = {
    "arithmetic": (_answering(_wrong_result), _answering(_wrong_sum)),
    "truncated": tuple(map(_answering, (_cut_words, _cut_characters, _cut_at_comma, _cut_end))),
    "refusal": tuple(map(_answering, (_refusal, _refusal, _refusal, _disclaimer))),
    "echo": tuple(map(_answering, (_echo_whole, _echo_loose, _echo_framed, _echo_less))),
    "repetition": tuple(
        map(
            _answering,
            (_loop_tail, _loop_glued, _loop_numbered, _loop_sentences, _loop_characters),
        )
    ),
    "language": (_answering(_foreign),),
    "template-token": (_answering(_token), _answering(_token), _token_in_question),
    "turns": tuple(map(_turns, _BROKEN_TURNS)),
    "markup": (_answering(_markup),),
    "length": (_too_long, _answering(_too_short)),
}
"""The forms of each kind; a kind is planted with its forms in turn."""
