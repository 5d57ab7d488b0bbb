"""Files with one defect each: columns, labels, preferences, rows among each other."""

from __future__ import annotations

from tests.exports.defects.kit import (
    Case,
    Row,
    chats,
    dumped,
    jsonl,
    labelled,
    pairs,
    preferences,
    turn,
    with_row,
)


def _late_rows() -> tuple[Row, list[bytes]]:
    """(row 30,400, the lines of a file): 18 MB, more than `datasets` infers its columns from."""
    words = "word " * 120
    rows = [{"text": f"a{at} {words}", "label": "xy"[at % 2], "n": at} for at in range(30_500)]
    return rows[30_399], [dumped(row) + b"\n" for row in rows]


def _late(lines: list[bytes], row: Row) -> bytes:
    return b"".join([*lines[:30_399], dumped(row), b"\n", *lines[30_400:]])


def columns() -> list[Case]:
    rows = pairs()
    late, lines = _late_rows()
    nested = [{**row, "meta_data": {"lang": "en", "n": 1}} for row in rows]
    return [
        Case(
            "key-missing",
            with_row([{**r, "id": "a"} for r in rows], 6, rows[5]),
            "no id",
            "keys-differ",
            6,
        ),
        Case("key-extra", with_row(rows, 6, {**rows[5], "note": "x"}), "", "keys-differ", 6),
        Case(
            "key-missing-inside",
            with_row(nested, 6, {**rows[5], "meta_data": {"lang": "en"}}),
            "in a nested object",
            "keys-differ",
            6,
        ),
        Case(
            "type-differs",
            with_row([{**r, "score": 1} for r in rows], 9, {**rows[8], "score": "high"}),
            "a text among numbers",
            "types-differ",
            9,
        ),
        Case(
            "type-differs-inside",
            with_row(nested, 9, {**rows[8], "meta_data": {"lang": ["en"], "n": 1}}),
            "a list among texts",
            "types-differ",
            9,
        ),
        Case(
            "late-key",
            _late(lines, {**late, "x": 1}),
            "a new key",
            "late-key",
            30_400,
            is_large=True,
            also=frozenset({"keys-differ"}),
        ),
        Case(
            "late-float",
            _late(lines, {**late, "n": 0.5}),
            "a decimal",
            "late-type",
            30_400,
            is_large=True,
        ),
        Case(
            "late-text",
            _late(lines, {**late, "n": "many"}),
            "a text",
            "late-type",
            30_400,
            is_large=True,
            also=frozenset({"types-differ"}),
        ),
        Case(
            "completion-null",
            with_row(rows, 2, {**rows[1], "completion": None}),
            "",
            "null-value",
            2,
        ),
        Case("prompt-null", with_row(rows, 2, {**rows[1], "prompt": None}), "", "null-value", 2),
        Case("completion-missing", with_row(rows, 2, {"prompt": "Why?"}), "", "missing-column", 2),
        Case(
            "completion-number",
            with_row(rows, 2, {**rows[1], "completion": 5}),
            "",
            "wrong-type",
            2,
            also=frozenset({"types-differ"}),
        ),
        Case(
            "completion-empty",
            with_row(rows, 2, {**rows[1], "completion": ""}),
            "",
            "blank-answer",
            2,
        ),
        Case(
            "completion-blank",
            with_row(rows, 2, {**rows[1], "completion": " \n\u200b"}),
            "",
            "blank-answer",
            2,
        ),
        Case("prompt-empty", with_row(rows, 2, {**rows[1], "prompt": " "}), "", "blank-prompt", 2),
        Case("mixed-shapes", with_row(rows, 5, chats()[4]), "a chat among pairs", "mixed-shape", 5),
        Case(
            "unknown-shape",
            jsonl([{"foo": f"x{at}"} for at in range(12)]),
            "columns that nobody reads",
            "unknown-shape",
        ),
        Case(
            "extra-key-for-claude",
            jsonl(
                [
                    {
                        **chats(1)[0],
                        "messages": [turn("user", f"Q{at}"), turn("assistant", "A")],
                        **({"id": 1} if at == 2 else {}),
                    }
                    for at in range(40)
                ]
            ),
            "Claude on Bedrock refuses other keys",
            "extra-key",
            3,
            target="bedrock-claude",
            also=frozenset({"keys-differ"}),
        ),
    ]


def labels() -> list[Case]:
    rows = labelled()

    def label(value: object) -> bytes:
        return with_row(rows, 4, {**rows[3], "label": value})

    tests = [{"text": f"Question {at}?", "label": "wheel"} for at in range(2)]
    tests += [{"text": "Question 3?", "label": "frame"}, {"text": "Q 4?", "label": "brake"}]
    return [
        Case("label-empty", label(""), "", "label-blank", 4),
        Case("label-null", label(None), "", "null-value", 4),
        Case("label-space", label(" wheel"), "a space before it", "label-space", 4),
        Case("label-space-after", label("wheel\n"), "a line break", "label-space", 4),
        Case("label-case", label("Wheel"), "Wheel and wheel", "label-case", 4),
        Case(
            "label-number",
            label(3.5),
            "a number among texts",
            "types-differ",
            4,
        ),
        Case(
            "label-object",
            label({"name": "wheel"}),
            "an object as label",
            "label-type",
            4,
            also=frozenset({"types-differ"}),
        ),
        Case("label-single", jsonl([{**r, "label": "a"} for r in rows]), "", "label-single"),
        Case(
            "label-only-in-test",
            jsonl(tests),
            "frame is not in train",
            "label-only-in-test",
            3,
            file="test.jsonl",
            beside={"train.jsonl": jsonl(rows)},
        ),
        Case(
            "text-blank", with_row(rows, 4, {"text": " ", "label": "wheel"}), "", "blank-prompt", 4
        ),
        Case(
            "labels-null-inside",
            with_row(
                [{"text": r["text"], "labels": [r["label"]]} for r in rows],
                4,
                {"text": "Both?", "labels": ["wheel", None]},
            ),
            "a null in a list of labels",
            "null-value",
            4,
        ),
    ]


def preference() -> list[Case]:
    rows = preferences()
    same = {**rows[4], "rejected": rows[4]["chosen"] + " "}
    return [
        Case("chosen-is-rejected", with_row(rows, 5, same), "alike", "preference-equal", 5),
        Case(
            "rejected-missing",
            with_row(rows, 5, {"prompt": "Why?", "chosen": "So."}),
            "",
            "missing-column",
            5,
        ),
        Case(
            "rejected-null", with_row(rows, 5, {**rows[4], "rejected": None}), "", "null-value", 5
        ),
        Case("chosen-blank", with_row(rows, 5, {**rows[4], "chosen": ""}), "", "blank-answer", 5),
    ]


def among_rows() -> list[Case]:
    rows, few = chats(), chats(5)
    again = {"messages": [rows[0]["messages"][0], turn("assistant", "Take it to a shop.")]}
    upper = {"messages": [turn("user", "HOW do I  true a wheel?"), rows[0]["messages"][1]]}
    return [
        Case("duplicate-row", with_row(rows, 9, rows[1]), "row 2 again", "duplicate-row", 9),
        Case("two-answers", with_row(rows, 9, again), "row 1's prompt", "answers-differ", 9),
        Case(
            "leakage",
            jsonl([*few[1:], few[0]]),
            "a row of train",
            "leakage",
            5,
            file="test.jsonl",
            beside={"train.jsonl": jsonl([few[0], *chats()[7:]])},
        ),
        Case(
            "leakage-by-case",
            jsonl([*few[1:], upper]),
            "but for case",
            "leakage",
            5,
            file="validation.jsonl",
            beside={"train.jsonl": jsonl([few[0], *chats()[7:]])},
        ),
        Case("too-few-rows", jsonl(few), "OpenAI wants ten", "too-few-rows", target="openai"),
        Case(
            "validation-too-large",
            jsonl(
                [
                    {
                        "contents": [
                            {"role": "user", "parts": [{"text": f"Question {at}"}]},
                            {"role": "model", "parts": [{"text": f"Answer {at}"}]},
                        ]
                    }
                    for at in range(5_001)
                ]
            ),
            "Vertex takes 5,000 rows for validation",
            "too-many-rows",
            target="vertex",
            file="validation.jsonl",
            is_large=True,
        ),
        Case("wrong-shape", jsonl(labelled()), "labels for OpenAI", "wrong-shape", target="openai"),
    ]


COLUMNS = [*columns(), *labels(), *preference(), *among_rows()]
