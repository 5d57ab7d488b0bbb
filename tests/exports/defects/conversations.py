"""Conversations with one defect each: roles, order, contents, weights, tools."""

from __future__ import annotations

import json
from typing import Any

from tests.exports.defects.kit import (
    Case,
    Row,
    call,
    chats,
    jsonl,
    tool,
    tool_chats,
    turn,
    with_row,
)

_USER, _ANSWER = turn("user", "And then?"), turn("assistant", "Then it is done.")


def _chat(*turns: Any) -> bytes:
    return with_row(chats(), 7, {"messages": list(turns)})


def order() -> list[Case]:
    system = turn("system", "Be brief.")
    roles = {"human": "human", "capital": "User", "bot": "bot", "misspelt": "assisstant"}
    return [
        *(
            Case(
                f"role-{name}",
                _chat(turn(role, "x"), _ANSWER)
                if name in ("human", "capital")
                else _chat(_USER, turn(role, "x")),
                f"the role {role}",
                "role-unknown",
                7,
            )
            for name, role in roles.items()
        ),
        Case("role-missing", _chat({"content": "x"}, _ANSWER), "", "role-unknown", 7),
        Case("role-null", _chat(turn(None, "x"), _ANSWER), "", "role-unknown", 7),  # type: ignore[arg-type]
        Case("system-last", _chat(_USER, system, _ANSWER), "", "system-not-first", 7),
        Case("system-twice", _chat(system, system, _USER, _ANSWER), "", "system-repeated", 7),
        Case("two-users", _chat(_USER, turn("user", "Well?"), _ANSWER), "", "user-repeated", 7),
        Case(
            "two-answers-in-a-row",
            _chat(_USER, _ANSWER, turn("assistant", "Really.")),
            "",
            "assistant-repeated",
            7,
        ),
        Case("answer-first", _chat(_ANSWER, _USER, _ANSWER), "", "assistant-first", 7),
        Case("no-answer", _chat(_USER), "", "no-assistant", 7),
        Case("only-system", _chat(system), "", "only-system", 7),
        Case("question-last", _chat(_USER, _ANSWER, _USER), "", "last-not-assistant", 7),
        Case("no-turns", _chat(), "an empty list", "no-turns", 7),
        Case(
            "turns-as-text",
            with_row(chats(), 7, {"messages": "user: hi"}),
            "a text",
            "no-turns",
            7,
            also=frozenset({"types-differ"}),
        ),
        Case(
            "turn-as-text",
            _chat("hi", _ANSWER),
            "",
            "turn-type",
            7,
            also=frozenset({"types-differ"}),
        ),
        Case(
            "sharegpt-role",
            jsonl(
                [
                    {
                        "conversations": [
                            {"from": "Human" if at == 6 else "human", "value": f"Q{at}"},
                            {"from": "gpt", "value": "A"},
                        ]
                    }
                    for at in range(12)
                ]
            ),
            "Human in ShareGPT",
            "role-unknown",
            7,
        ),
        Case(
            "gemini-role",
            jsonl(
                [
                    {
                        "contents": [
                            {"role": "user", "parts": [{"text": f"Q{at}"}]},
                            {"role": "assistant" if at == 6 else "model", "parts": [{"text": "A"}]},
                        ]
                    }
                    for at in range(12)
                ]
            ),
            "assistant where Gemini says model",
            "role-unknown",
            7,
        ),
    ]


def contents() -> list[Case]:
    parts = [{"type": "text", "text": "x"}]
    return [
        Case("answer-empty", _chat(_USER, turn("assistant", "")), "", "blank-answer", 7),
        Case("answer-blank", _chat(_USER, turn("assistant", " \n\t")), "", "blank-answer", 7),
        Case("question-empty", _chat(turn("user", ""), _ANSWER), "", "blank-prompt", 7),
        Case("system-empty", _chat(turn("system", ""), _USER, _ANSWER), "", "blank-system", 7),
        Case("answer-null", _chat(_USER, turn("assistant", None)), "", "content-null", 7),
        Case("content-missing", _chat(_USER, {"role": "assistant"}), "", "content-null", 7),
        Case("content-number", _chat(_USER, turn("assistant", 42)), "", "content-type", 7),
        Case("content-object", _chat(_USER, turn("assistant", {"a": 1})), "", "content-type", 7),
        Case("content-texts", _chat(_USER, turn("assistant", ["a", "b"])), "", "content-type", 7),
        Case("content-parts", _chat(_USER, turn("assistant", parts)), "", "content-parts", 7),
        Case(
            "weights-all-zero",
            _chat(_USER, turn("assistant", "x", weight=0)),
            "",
            "weights-zero",
            7,
        ),
        Case(
            "weight-half", _chat(_USER, turn("assistant", "x", weight=0.5)), "", "weight-value", 7
        ),
        Case("weight-two", _chat(_USER, turn("assistant", "x", weight=2)), "", "weight-value", 7),
        Case(
            "weight-true", _chat(_USER, turn("assistant", "x", weight=True)), "", "weight-value", 7
        ),
        Case("weight-of-user", _chat(turn("user", "x", weight=1), _ANSWER), "", "weight-role", 7),
    ]


def _tools(at: int, **changed: Any) -> Row:
    row = tool_chats()[at]
    return {**row, **changed}


def _with_short_ids(row: Row) -> Row:
    short: Row = json.loads(json.dumps(row, ensure_ascii=False).replace("call_1", "call00001"))
    return short


def tools() -> list[Case]:
    rows = tool_chats(6)
    asked, _, given, answer = rows[3]["messages"]

    def calling(*turns: Any, **more: Any) -> bytes:
        return with_row(rows, 4, _tools(3, messages=list(turns), **more))

    def called(arguments: Any, **more: Any) -> Row:
        return {"role": "assistant", "content": None, "tool_calls": [call(arguments, **more)]}

    good = called('{"city": "Lyon"}')
    both = {**good, "tool_calls": [call("{}"), call("{}")]}
    other = tool_chats(6, as_text=False)[3]
    return [
        Case("call-unanswered", calling(asked, good, answer), "", "tool-call-unanswered", 4),
        Case(
            "result-without-call",
            calling(asked, given, answer),
            "",
            "tool-result-without-call",
            4,
            also=frozenset({"tools-missing"}),
        ),
        Case(
            "result-with-other-id",
            calling(asked, good, {**given, "tool_call_id": "call_9"}, answer),
            "",
            "tool-id-mismatch",
            4,
        ),
        Case(
            "result-without-id",
            calling(asked, good, turn("tool", "{}"), answer),
            "",
            "tool-id-missing",
            4,
        ),
        Case(
            "call-ids-repeated",
            calling(asked, both, given, given, answer),
            "",
            "tool-id-repeated",
            4,
        ),
        Case(
            "call-id-of-another-form",
            with_row([_with_short_ids(row) for row in rows], 4, rows[3]),
            "nine letters and digits in the other rows",
            "tool-id-form",
            4,
            target="mistral",
        ),
        Case(
            "arguments-broken",
            calling(asked, called('{"city": '), given, answer),
            "",
            "tool-arguments",
            4,
        ),
        Case(
            "arguments-list",
            calling(asked, called('["Lyon"]'), given, answer),
            "",
            "tool-arguments",
            4,
        ),
        Case(
            "call-without-name",
            calling(asked, called("{}", name=""), given, answer),
            "",
            "tool-call-shape",
            4,
        ),
        Case(
            "tool-undeclared",
            calling(asked, called("{}", name="clock"), given, answer),
            "",
            "tool-undeclared",
            4,
        ),
        Case(
            "tools-missing",
            with_row(rows, 4, {"messages": rows[3]["messages"]}),
            "",
            "tools-missing",
            4,
        ),
        Case(
            "tool-without-name",
            with_row(rows, 4, _tools(3, tools=[tool("")])),
            "",
            "tool-definition",
            4,
        ),
        Case("tool-dialects", with_row(rows, 4, other), "text and object", "tool-dialects", 4),
        Case(
            "tool-dialect",
            with_row(tool_chats(6, as_text=False), 4, rows[3]),
            "a text, which chat templates refuse",
            "tool-dialect",
            4,
            target="trl",
            also=frozenset({"tool-dialects"}),
        ),
        Case(
            "result-then-user", calling(asked, good, given, asked, answer), "", "tool-then-user", 4
        ),
    ]


CONVERSATIONS = [*order(), *contents(), *tools()]
