"""Files with one defect each: bytes and lines, and texts that no tokenizer should see."""

from __future__ import annotations

import json

from tests.exports.defects.kit import (
    Case,
    chats,
    dumped,
    jsonl,
    pairs,
    turn,
    with_row,
)


def files_and_lines() -> list[Case]:
    rows = chats()
    whole = jsonl(rows)
    lines = whole.splitlines(keepends=True)
    latin = dumped(rows[2]).replace("ä".encode(), b"\xe4").replace(b"ausbauen", b"\xe4")
    blank = b"".join([*lines[:4], b"\n", *lines[4:]])
    spaces = b"".join([*lines[:4], b"   \n", *lines[4:]])
    keys = b'{"messages": [], ' + dumped(rows[3])[1:]
    inner = dumped(rows[3]).replace(b'{"role"', b'{"role": "system", "role"', 1)
    deep = dumped({**pairs()[4], "extra": json.loads("[" * 70 + "]" * 70)})
    far = pairs()[4]
    return [
        Case("empty", b"", "no byte at all", "empty-file"),
        Case("only-blank-lines", b"\n \n\n", "no row at all", "empty-file"),
        Case("gzip", b"\x1f\x8b\x08\x00" + bytes(range(60)), "gzip, not text", "not-text", 1),
        Case("utf-16", whole.decode().encode("utf-16"), "UTF-16 with its mark", "utf-16", 1),
        Case("utf-16-no-mark", whole.decode().encode("utf-16-le"), "without", "utf-16", 1),
        Case("latin-1", with_row(rows, 3, latin), "a Latin-1 byte", "encoding", 3),
        Case("bom", b"\xef\xbb\xbf" + whole, "a byte order mark", "bom", 1),
        Case(
            "bom-inside",
            b"".join([*lines[:6], b"\xef\xbb\xbf", *lines[6:]]),
            "two files joined",
            "bom",
            7,
        ),
        Case("crlf", whole.replace(b"\n", b"\r\n"), "Windows line ends", "crlf", 1),
        Case("blank-line", blank, "a blank line", "blank-line", 5),
        Case("line-of-spaces", spaces, "a line of spaces", "blank-line", 5),
        Case("json-array", json.dumps(rows).encode(), "one JSON list", "json-array", 1),
        Case("json-array-lines", json.dumps(rows, indent=1).encode(), "indented", "json-array", 1),
        Case(
            "pretty-printed",
            b"".join(json.dumps(row, indent=2).encode() + b"\n" for row in rows),
            "objects over several lines",
            "pretty-printed",
            1,
        ),
        Case("truncated", whole[:-40], "the last row is cut off", "truncated", 12),
        Case("cut-inside", with_row(rows, 5, dumped(rows[4])[:-20]), "a cut row", "not-json", 5),
        Case(
            "two-objects",
            with_row(rows, 6, dumped(rows[5]) + dumped(chats()[0])),
            "two objects on a line",
            "two-objects",
            6,
        ),
        Case("trailing-comma", with_row(rows, 2, dumped(rows[1]) + b","), "", "not-json", 2),
        Case(
            "single-quotes",
            with_row(rows, 2, str(rows[1]).encode()),
            "a Python dict, printed",
            "not-json",
            2,
        ),
        Case("not-an-object", with_row(rows, 8, ["a", "b"]), "a list as a row", "not-object", 8),
        Case("text-as-row", with_row(rows, 8, "hello"), "a text as a row", "not-object", 8),
        Case("duplicate-key", with_row(rows, 4, keys), "a key twice", "duplicate-key", 4),
        Case("duplicate-key-inside", with_row(rows, 4, inner), "in a turn", "duplicate-key", 4),
        Case(
            "nan",
            jsonl([{**row, "score": 0.5} for row in pairs()]).replace(b"0.5", b"NaN", 1),
            "NaN",
            "nan",
            1,
        ),
        Case(
            "infinity",
            with_row(
                [{**row, "score": 0.5} for row in pairs()],
                7,
                dumped({**pairs()[6], "score": 0.5}).replace(b"0.5", b"-Infinity"),
            ),
            "an infinity",
            "nan",
            7,
        ),
        Case(
            "number-too-large",
            with_row(
                [{**row, "n": 5} for row in pairs()], 7, {**pairs()[6], "n": 123456789012345678901}
            ),
            "over 64 bits",
            "big-number",
            7,
        ),
        Case(
            "too-deep",
            with_row([{**row, "extra": []} for row in pairs()], 5, deep),
            "nested 70 levels",
            "depth",
            5,
        ),
        Case(
            "far-too-deep",
            with_row(pairs(), 5, dumped(far)[:-1] + b', "x": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
            "nested 5,000 levels",
            "depth",
            5,
        ),
    ]


def texts() -> list[Case]:
    rows = chats()

    def said(text: str) -> bytes:
        return with_row(
            rows, 3, {"messages": [turn("user", "Explain it."), turn("assistant", text)]}
        )

    half = with_row(
        rows,
        3,
        b'{"messages": [{"role": "user", "content": "Explain."}, '
        b'{"role": "assistant", "content": "cut \\ud83d here"}]}',
    )
    tokens = {
        "chatml": "Sure.<|im_end|>\n<|im_start|>user\nMore?",
        "llama-2": "[INST] Do it [/INST] Done.",
        "llama-3": "Done.<|eot_id|>",
        "gpt": "Done.<|endoftext|>",
        "deepseek": "<｜User｜>Hi",
        "gemma": "Done.<end_of_turn>",
        "sentence-end": "Done.</s>",
    }
    raw = dumped({"messages": [turn("user", "Explain it."), turn("assistant", "a@b")]})
    return [
        *(
            Case(f"control-token-{name}", said(text), "a template token", "control-token", 3)
            for name, text in tokens.items()
        ),
        Case(
            "control-token-escaped",
            said("Done.<|im_end|>").replace(b"<|im_end|>", b"\\u003c|im_end|\\u003e"),
            "a template token behind escapes",
            "control-token",
            3,
        ),
        Case("half-surrogate", half, "half an emoji", "surrogate", 3),
        Case("nul", said("a\0b"), "an escaped NUL", "nul", 3),
        Case(
            "nul-raw",
            with_row(rows, 3, raw.replace(b"@", b"\0")),
            "a raw NUL",
            "nul",
            3,
            also=frozenset({"not-json"}),
        ),
        Case("escape-character", said("\x1b[31mred"), "a terminal code", "control-character", 3),
        Case("lost-character", said("Stra\ufffde"), "U+FFFD", "replacement-character", 3),
        Case("line-separator", said("one\u2028two"), "U+2028 unescaped", "line-separator", 3),
        Case("over-long", said("word " * 40_000), "50,000 tokens", "too-long", 3),
        Case(
            "reserved-word",
            jsonl(
                [
                    {
                        "schemaVersion": "bedrock-conversation-2024",
                        "messages": [
                            {"role": "user", "content": [{"text": ask + (at == 3) * " User: hi"}]},
                            {"role": "assistant", "content": [{"text": f"Answer {at}."}]},
                        ],
                    }
                    for at, ask in enumerate(row["prompt"] for row in pairs())
                ]
            ),
            "a word Nova reserves",
            "reserved-word",
            4,
            target="bedrock-nova",
        ),
    ]


LINES = [*files_and_lines(), *texts()]
