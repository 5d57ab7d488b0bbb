"""Files in which there is nothing to find, though much looks suspicious."""

from __future__ import annotations

import json
from typing import Any

from tests.exports.defects.kit import (
    Case,
    Row,
    call,
    chats,
    dumped,
    jsonl,
    labelled,
    pairs,
    preferences,
    tool,
    tool_chat,
    tool_chats,
    turn,
)

_MANY_TONGUES = (
    ("你好,怎么修自行车?", "先检查链条。"),
    ("مرحبا، كيف أصلح الدراجة؟", "تحقق من السلسلة أولاً."),
    ("Как починить велосипед?", "Сначала проверьте цепь."),
    ("自転車の直し方は?", "まずチェーンを確認してください。"),
    ("साइकिल कैसे ठीक करें?", "पहले चेन देखें।"),
    ("วิธีซ่อมจักรยาน", "ตรวจโซ่ก่อน"),
    ("איך מתקנים אופניים?", "בדקו קודם את השרשרת."),
    ("Πώς φτιάχνω ποδήλατο;", "Έλεγξε πρώτα την αλυσίδα."),
)
_HARMLESS = (
    "use std::vector<int> v; if (a < b && c > d) x <<= 2;",
    "Option<Box<dyn Fn(i32) -> Vec<s>>> and map(|x| x | 1) in Rust",
    '<!DOCTYPE html><s>old price</s> <b>new</b> <br/> <script>alert("x")</script>',
    "User: I said it. Assistant: so did I. That is how the log looked.",
    "[1] see [INFO] and [EOF]; arrays[0] [a|b]",
    "x <| f |> g, a || b, <|> and < | spaced | >",
    "A table: | a | b |\n|---|---|\n| 1 | 2 |",
    "=SUM(A1:A3), +1, -1, @here; C:\\temp\\new \"quoted\" 'single'",
    "🙂👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 é ﬁ Ⅷ ½ ™ zero\u200bwidth nb\u00a0space",
    "NaN, Infinity, null, true and None are only words here.",
    "tab\tnewline\ncarriage\r\nend",
    "\U0001f600 and \U00020000",
)


def _said(answers: Any) -> list[Row]:
    return [
        {"messages": [turn("user", f"Show number {at}."), turn("assistant", answer)]}
        for at, answer in enumerate(answers)
    ]


def chat_files() -> list[Case]:
    system = turn("system", "You mend bicycles.")
    rows = chats()
    weighted = [
        {
            "messages": [
                *turns["messages"][:1],
                turn("assistant", "Hm.", weight=0),
                turn("user", "Please."),
                turn("assistant", "Fine then.", weight=1),
            ]
        }
        for turns in rows
    ]
    optional = [
        {"messages": [system, *row["messages"]]} if at % 2 else row for at, row in enumerate(rows)
    ]
    named = [
        {"messages": [turn("user", f"Hi {at}", name="ann"), turn("assistant", "Hello.")]}
        for at in range(3)
    ]
    long_talk = {"messages": [turn(("user", "assistant")[at % 2], f"t{at}") for at in range(200)]}
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    seen = [turn("user", [{"type": "text", "text": "What is it?"}, image])]
    return [
        Case("chat", jsonl(rows), "questions and answers"),
        Case("chat-with-system", jsonl([{"messages": [system, *r["messages"]]} for r in rows]), ""),
        Case("chat-system-sometimes", jsonl(optional), "a system turn in every second row"),
        Case("chat-weights", jsonl(weighted), "weights 0 and 1"),
        Case("chat-names", jsonl(named), "names of users"),
        Case("chat-of-one-row", jsonl(rows[:1]), "one row"),
        Case("chat-no-last-line-end", jsonl(rows)[:-1], "no LF after the last row"),
        Case("chat-200-turns", jsonl([long_talk, *rows]), "a long conversation"),
        Case("chat-image", jsonl([{"messages": [*seen, turn("assistant", "A bell.")]}]), ""),
        Case("chat-many-scripts", jsonl(_said([b for _, b in _MANY_TONGUES])), "eight scripts"),
        Case("chat-harmless", jsonl(_said(_HARMLESS)), "code, HTML, speakers' names, emoji"),
        Case(
            "chat-escaped",
            b"".join(json.dumps(row).encode() + b"\n" for row in _said(_HARMLESS)),
            "the same in ASCII, escaped",
        ),
        Case("chat-long-text", jsonl(_said(["A long story. " * 4_000])), "14,000 tokens"),
        Case("chat-ids", jsonl([{"id": at, **row} for at, row in enumerate(rows)]), "with an id"),
        Case(
            "chat-metadata",
            jsonl(
                [
                    {**row, "metadata": {"a": 1} if at % 2 else {"b": ["x"]}}
                    for at, row in enumerate(rows)
                ]
            ),
            "metadata that differ",
        ),
        Case(
            "chat-spaced-json",
            b"".join(
                b"  " + json.dumps(row, separators=(" , ", " : ")).encode() + b" \n" for row in rows
            ),
            "spaces around every token",
        ),
    ]


def tool_files() -> list[Case]:
    texts, objects = tool_chats(), tool_chats(as_text=False)
    asked, called, given, answer = texts[0]["messages"]
    two = {**called, "tool_calls": [call("{}", identity="a"), call("{}", identity="b")]}
    results = [{**given, "tool_call_id": "b"}, {**given, "tool_call_id": "a"}]
    ends = [{**row, "messages": row["messages"][:2]} for row in texts]
    bare = [
        {
            "messages": [
                turn("user", f"Weather {at}?"),
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "type": "function",
                            "function": {"name": "weather", "arguments": {"day": at}},
                        }
                    ],
                },
                {"role": "tool", "name": "weather", "content": "sun"},
                turn("assistant", "Sun."),
            ],
            "tools": [tool("weather")],
        }
        for at in range(3)
    ]
    legacy = {
        "messages": [
            turn("user", "Weather?"),
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "weather", "arguments": "{}"},
            },
            {"role": "function", "name": "weather", "content": "sun"},
            turn("assistant", "Sun."),
        ],
        "functions": [{"name": "weather", "parameters": {"type": "object", "properties": {}}}],
    }
    again = [
        {**row, "messages": [*row["messages"], turn("user", "And now?"), *row["messages"][1:]]}
        for row in texts
    ]
    said = {**called, "content": "Let me look."}
    return [
        Case("tools-text-arguments", jsonl(texts), "arguments as a text, as OpenAI has them"),
        Case("tools-object-arguments", jsonl(objects), "arguments as an object"),
        Case(
            "tools-parallel",
            jsonl([{**texts[0], "messages": [asked, two, *results, answer]}]),
            "two calls, results in another order",
        ),
        Case("tools-call-last", jsonl(ends), "the answer is a call"),
        Case("tools-without-ids", jsonl(bare), "no ids, as in TRL"),
        Case("tools-in-some-rows", jsonl([chats()[0], texts[0], chats()[1], texts[1]]), ""),
        Case("tools-legacy", jsonl([legacy]), "function_call and functions"),
        Case("tools-twice", jsonl(again), "a second round of the same tool"),
        Case(
            "tools-with-words",
            jsonl([{**texts[0], "messages": [asked, said, given, answer]}]),
            "a call that also says something",
        ),
        Case(
            "tools-as-json-text",
            jsonl([{**r, "tools": json.dumps(r["tools"])} for r in texts]),
            "the tools as a JSON text",
        ),
        Case(
            "tools-empty-result",
            jsonl([{**texts[0], "messages": [asked, called, {**given, "content": ""}, answer]}]),
            "a tool that returns nothing",
        ),
        Case("tools-declared-unused", jsonl([{**chats()[0], "tools": [tool("weather")]}]), ""),
        Case(
            "tools-many-arguments",
            jsonl(
                [
                    tool_chat(at, as_text=False)
                    | {
                        "messages": [
                            turn("user", f"Q{at}"),
                            {
                                "role": "assistant",
                                "content": "",
                                "tool_calls": [call({f"k{at}": [at, "x", None]})],
                            },
                            turn("tool", "ok", tool_call_id="call_1"),
                            turn("assistant", "Done."),
                        ]
                    }
                    for at in range(4)
                ]
            ),
            "other arguments in every row",
        ),
    ]


def other_shapes() -> list[Case]:
    ask = [row["prompt"] for row in pairs()]
    blocks = [
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Mend."}],
            "messages": [
                {"role": "user", "content": [{"text": text}]},
                {"role": "assistant", "content": [{"text": f"Answer {at}."}]},
            ],
        }
        for at, text in enumerate(ask)
    ]
    gemini = [
        {
            "systemInstruction": {"role": "system", "parts": [{"text": "Mend."}]},
            "contents": [
                {"role": "user", "parts": [{"text": text}]},
                {"role": "model", "parts": [{"text": f"Answer {at}."}]},
            ],
        }
        for at, text in enumerate(ask)
    ]
    gemini_tools = {
        "contents": [
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {}}}]},
            {"role": "model", "parts": [{"text": "Sun."}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "weather"}]}],
    }
    share = [
        {
            "conversations": [
                {"from": "system", "value": "Mend."},
                {"from": "human", "value": text},
                {"from": "gpt", "value": f"Answer {at}."},
            ]
        }
        for at, text in enumerate(ask)
    ]
    listed = [
        {"prompt": [turn("user", row["prompt"])], "completion": [turn("assistant", "So.")]}
        for row in pairs()
    ]
    openai_pairs = [
        {
            "input": {"messages": [turn("user", text)]},
            "preferred_output": [turn("assistant", "Good.")],
            "non_preferred_output": [turn("assistant", "Bad.")],
        }
        for text in ask
    ]
    whole = [
        {
            "chosen": [turn("user", text), turn("assistant", "Good.")],
            "rejected": [turn("user", text), turn("assistant", "Bad.")],
        }
        for text in ask
    ]
    many = [{"text": r["text"], "labels": [r["label"], "all"]} for r in labelled()]
    return [
        Case("pairs", jsonl(pairs()), "prompt and completion"),
        Case("pairs-of-turns", jsonl(listed), "prompt and completion as turns"),
        Case(
            "pairs-json-answers",
            jsonl(
                [{**r, "completion": dumped({"n": at}).decode()} for at, r in enumerate(pairs())]
            ),
            "JSON as answer",
        ),
        Case("questions", jsonl([{"question": a, "answer": "Yes."} for a in ask]), ""),
        Case("labels", jsonl(labelled()), "text and label"),
        Case(
            "labels-numbers",
            jsonl([{"text": a, "label": at % 3} for at, a in enumerate(ask)]),
            "numbers as labels",
        ),
        Case(
            "labels-scores",
            jsonl([{"text": a, "label": at / 4} for at, a in enumerate(ask)]),
            "a number to predict",
        ),
        Case("labels-many", jsonl(many), "several labels a row"),
        Case("labels-none", jsonl([*many, {"text": "Nothing?", "labels": []}]), "no label fits"),
        Case(
            "labels-multi-hot",
            jsonl([{"text": a, "label": [at % 2, 1]} for at, a in enumerate(ask)]),
            "zeros and ones",
        ),
        Case(
            "texts",
            jsonl([{"text": f"<|im_start|>user\n{a}<|im_end|>"} for a in ask]),
            "rendered texts keep their template's tokens",
        ),
        Case("preference", jsonl(preferences()), "chosen and rejected"),
        Case(
            "preference-same-prompt",
            jsonl([{**row, "prompt": "Why?"} for row in preferences()]),
            "many pairs for a prompt",
        ),
        Case("preference-of-turns", jsonl(whole), "whole conversations"),
        Case("preference-openai", jsonl(openai_pairs), "as OpenAI has them"),
        Case(
            "kto",
            jsonl([{**row, "label": at % 2 == 0} for at, row in enumerate(pairs())]),
            "an answer and a verdict",
        ),
        Case(
            "alpaca",
            jsonl(
                [{"instruction": a, "input": "", "output": f"A {at}."} for at, a in enumerate(ask)]
            ),
            "empty input",
        ),
        Case(
            "alpaca-same-instruction",
            jsonl(
                [
                    {"instruction": "Translate.", "input": a, "output": f"A {at}."}
                    for at, a in enumerate(ask)
                ]
            ),
            "one instruction, many inputs",
        ),
        Case("sharegpt", jsonl(share), ""),
        Case("gemini", jsonl(gemini), "", target="vertex"),
        Case("gemini-tools", jsonl([gemini_tools]), "a call and its result"),
        Case("bedrock-nova", jsonl(blocks), "", target="bedrock-nova"),
        Case(
            "bedrock-claude",
            jsonl(
                [
                    {
                        "system": "Mend.",
                        "messages": [turn("user", f"Q{at}"), turn("assistant", "A.")],
                    }
                    for at in range(32)
                ]
            ),
            "",
            target="bedrock-claude",
        ),
        Case("azure-bom", b"\xef\xbb\xbf" + jsonl(chats()), "with its mark", target="azure"),
        Case(
            "splits-apart",
            jsonl(labelled(6)),
            "nothing shared",
            file="train.jsonl",
            beside={"test.jsonl": jsonl(labelled()[6:])},
        ),
        Case(
            "nullable-column",
            jsonl([{**row, "source": None if at % 2 else "web"} for at, row in enumerate(pairs())]),
            "null in a column that is not learnt",
        ),
        Case(
            "numbers-mixed",
            jsonl([{**row, "score": (1, 0.5)[at % 2]} for at, row in enumerate(pairs())]),
            "whole numbers and decimals from the start",
        ),
    ]


VALID = [*chat_files(), *tool_files(), *other_shapes()]
