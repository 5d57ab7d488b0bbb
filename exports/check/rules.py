"""The table of rules: code, severity, what is wrong, how to mend it, and who chokes on it.

Every fault that a check can report has its row here. What `datasets` 5.2, together 2.14,
mistral-common 1.13, TRL 1.16, MLX-LM 0.32, LLaMA-Factory 0.9 and Axolotl 0.19 do was measured on
the files of `tests/exports/defects`; the other effects follow the consumers' documentation and
were not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Effect = Literal["rejects the file", "drops the row", "truncates the row", "misreads the row"]

REJECTS: Effect = "rejects the file"
DROPS: Effect = "drops the row"
TRUNCATES: Effect = "truncates the row"
MISREADS: Effect = "misreads the row"

_LOADERS = ("trl", "axolotl", "unsloth", "llama-factory")  # all read with `datasets`
_HOSTED = ("openai", "azure", "together", "fireworks", "mistral", "vertex")
_BEDROCK = ("bedrock-nova", "bedrock-claude")
_ALL = (*_LOADERS, "mlx-lm", *_HOSTED, *_BEDROCK)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `chokes` maps a consumer to what it does with a row or file that breaks it."""

    code: str
    severity: Literal["error", "warning"]
    title: str
    hint: str
    chokes: Mapping[str, Effect] = field(default_factory=dict)


def _who(effect: Effect, *names: str) -> dict[str, Effect]:
    return dict.fromkeys(names, effect)


_TABLES = (*_LOADERS, "datasets")
_UNREADABLE = _who(REJECTS, *_ALL, "datasets")
_COLUMNS = _who(REJECTS, *_TABLES)
_NOT_LINES = _who(REJECTS, "mlx-lm", *_HOSTED, *_BEDROCK)  # `datasets` reads these
_SERVICES = _who(REJECTS, *_HOSTED, *_BEDROCK)
_TURNS = {**_who(REJECTS, "vertex", *_BEDROCK), **_who(DROPS, "llama-factory")}
_ENDS = {**_TURNS, **_who(REJECTS, "mistral")}
_NONE = {**_ENDS, **_who(REJECTS, "llama-factory", "together"), **_who(DROPS, "axolotl")}
_UNTOLD = {
    **_ENDS,
    **_who(REJECTS, "openai", "azure", "together", "fireworks", "mlx-lm"),
    **_who(DROPS, "axolotl"),
}
_TOOLS = _who(REJECTS, "openai", "azure")
_RESULTS = {**_TOOLS, **_who(DROPS, "llama-factory")}
_OBJECTS = ("trl", "unsloth", "mlx-lm")  # most of the templates that TRL ships refuse texts
_WEIGHTLESS = (*_LOADERS, "mlx-lm")  # they learn what has the weight 0
_ABSENT = {
    **_SERVICES,
    **_who(REJECTS, "trl", "unsloth", "mlx-lm"),
    **_who(DROPS, "llama-factory", "axolotl"),
}
_NULL = {**_who(REJECTS, "trl", "unsloth", "together"), **_who(DROPS, "llama-factory")}
_TURN_TYPE = {**_ABSENT, **_who(REJECTS, "llama-factory", "axolotl")}
_NO_TURNS = {**_ABSENT, **_who(REJECTS, "axolotl")}
_CONTENT = {**_SERVICES, **_who(REJECTS, "llama-factory")}
_TOKENS = _who(MISREADS, *_LOADERS, "mlx-lm", "together", "fireworks", "mistral")
_BLANK = {**_who(REJECTS, *_BEDROCK), **_who(MISREADS, *_LOADERS, "mlx-lm")}
_LONG = {
    **_who(TRUNCATES, "trl", "unsloth", "llama-factory", "mlx-lm", "openai", "azure", "together"),
    **_who(DROPS, "axolotl"),
}

_RULES = (
    # The file and its lines
    Rule("empty-file", "error", "no row at all", "Write at least one row.", _UNREADABLE),
    Rule("not-text", "error", "a compressed or binary file", "Unpack or convert it.", _UNREADABLE),
    Rule("utf-16", "error", "UTF-16 or UTF-32", "Save the file as UTF-8.", _UNREADABLE),
    Rule("encoding", "error", "bytes that are not UTF-8", "Save the file as UTF-8.", _UNREADABLE),
    Rule(
        "bom",
        "error",
        "a byte order mark",
        "Save as UTF-8 without BOM; `repair` removes it. Only Azure asks for one.",
        _who(REJECTS, "together", "mlx-lm", "mistral"),
    ),
    Rule("bom-missing", "warning", "no byte order mark", "Azure's documentation asks for one."),
    Rule("crlf", "warning", "Windows line ends", "End lines with LF alone; `repair` does it."),
    Rule(
        "blank-line",
        "error",
        "a line without a row",
        "Remove it; `repair` does so.",
        _who(REJECTS, "together", "mlx-lm", "mistral", *_BEDROCK),
    ),
    Rule("json-array", "error", "one JSON list", "Write one object a line.", _NOT_LINES),
    Rule("pretty-printed", "error", "an object over lines", "One object a line.", _NOT_LINES),
    Rule("truncated", "error", "the last row is cut off", "Write the file again.", _UNREADABLE),
    Rule("two-objects", "error", "two objects on a line", "A line break between.", _NOT_LINES),
    Rule("not-json", "error", "no JSON", "Write rows with a JSON library.", _UNREADABLE),
    Rule("not-object", "error", "JSON, but no object", 'A row is {"key": …}.', _UNREADABLE),
    Rule("line-too-large", "error", "over 64 MiB", "Shorten the row.", _UNREADABLE),
    Rule(
        "duplicate-key",
        "error",
        "a key twice in an object",
        "Keep one; readers disagree on which of them counts.",
        {**_who(MISREADS, *_ALL), **_COLUMNS},
    ),
    Rule("nan", "error", "NaN or an infinity", "Write null, or leave it out."),
    Rule("big-number", "error", "beyond 64 bits", "Write it as a text."),
    Rule("depth", "error", "nested over 64 levels", "Nest less, or store as text.", _COLUMNS),
    # Texts
    Rule(
        "surrogate",
        "error",
        "half a surrogate pair",
        "Remove it, or complete it.",
        {**_COLUMNS, **_who(REJECTS, "mlx-lm")},
    ),
    Rule("nul", "error", "a NUL character", "Remove it.", _who(MISREADS, *_ALL)),
    Rule("control-character", "warning", "a control character", "Remove it."),
    Rule("replacement-character", "warning", "U+FFFD: lost text", "Read the source as it is."),
    Rule("line-separator", "warning", "U+2028, U+2029 or U+0085", "Write it as \\u2028."),
    Rule(
        "control-token",
        "error",
        "a chat template's token in a text",
        "Remove it, or export the conversation as turns; tokenizers make a control token of it.",
        _TOKENS,
    ),
    Rule(
        "reserved-word",
        "error",
        "a word that Bedrock reserves",
        "Write it differently: the job fails on it anywhere in a prompt.",
        _who(REJECTS, "bedrock-nova"),
    ),
    Rule("too-long", "warning", "longer than the limit", "Shorten or divide it.", _LONG),
    # Columns
    Rule("unknown-shape", "warning", "no known training shape", "See the documented shapes."),
    Rule("mixed-shape", "error", "rows of several shapes", "One shape a file.", _ABSENT),
    Rule("missing-column", "error", "a needed column is absent", "Add it.", _ABSENT),
    Rule("null-value", "error", "null where a text must be", "Give it, or drop the row.", _NULL),
    Rule(
        "wrong-type",
        "error",
        "no text where one must be",
        "Write it as a text.",
        {**_TURN_TYPE, **_who(MISREADS, "mlx-lm")},
    ),
    Rule("keys-differ", "error", "keys differ between rows", "The same keys in every row."),
    Rule(
        "types-differ",
        "error",
        "types differ between rows",
        "One type a key.",
        _who(REJECTS, "llama-factory"),
    ),
    Rule("late-key", "error", "a key that appears late", "Give it in row 1, or null.", _COLUMNS),
    Rule("late-type", "error", "a type that appears late", "Use it from row 1.", _COLUMNS),
    Rule("too-many-keys", "warning", "data used as keys", "Make a list of pairs of it."),
    Rule(
        "extra-key",
        "error",
        "a key that the target refuses",
        "Remove it.",
        _who(REJECTS, "bedrock-claude", "together"),
    ),
    Rule("blank-answer", "error", "an empty answer", "Write it, or drop the row.", _BLANK),
    Rule("blank-prompt", "error", "an empty prompt", "Write it, or drop the row.", _BLANK),
    Rule("blank-system", "warning", "an empty system turn", "Leave the turn out."),
    # Conversations
    Rule("no-turns", "error", "no list of turns", 'A list of {"role", "content"}.', _NO_TURNS),
    Rule("turn-type", "error", "a turn that is no object", 'Use {"role", "content"}.', _TURN_TYPE),
    Rule(
        "role-unknown",
        "error",
        "an unknown role",
        "Roles are system, user, assistant and tool, in lower case.",
        {**_UNTOLD, **_who(REJECTS, "llama-factory"), **_who(MISREADS, "mlx-lm")},
    ),
    Rule("system-not-first", "error", "a late system turn", "Move it to the front.", _TURNS),
    Rule("system-repeated", "error", "a second system turn", "Merge the two.", _TURNS),
    Rule("user-repeated", "error", "two user turns in a row", "Merge them.", _TURNS),
    Rule("assistant-repeated", "error", "two answers in a row", "Merge them.", _TURNS),
    Rule("assistant-first", "error", "an answer to nothing", "Begin with the user.", _TURNS),
    Rule("only-system", "error", "only a system turn", "Ask a question and answer it.", _UNTOLD),
    Rule(
        "no-assistant",
        "error",
        "no answer to learn from",
        "Add it.",
        _UNTOLD,
    ),
    Rule("last-not-assistant", "error", "the end is no answer", "End with one.", _ENDS),
    Rule("content-null", "error", "a turn without content", "Write it, or drop the turn.", _NONE),
    Rule("content-type", "error", "content that is no text", "Write it as a text.", _CONTENT),
    Rule(
        "content-parts",
        "warning",
        "text as a list of parts",
        "Write it as one text.",
        _who(REJECTS, "llama-factory", "together"),
    ),
    Rule(
        "weight-value",
        "error",
        "a weight other than 0 and 1",
        "Use the whole number 0 or 1.",
        _who(REJECTS, "openai", "azure", "together", "mistral"),  # `true` passes with the last two
    ),
    Rule("weight-role", "error", "a weight on no answer", "Weigh answers only."),
    Rule(
        "weights-zero",
        "error",
        "every weight is 0",
        "Leave the row out.",
        {**_who(DROPS, *_ALL), **_who(MISREADS, *_WEIGHTLESS)},
    ),
    # Tools
    Rule("tool-call-shape", "error", "a call without a name", "Name the function.", _TOOLS),
    Rule("tool-arguments", "error", "arguments are no object", "Use a JSON object.", _TOOLS),
    Rule(
        "tool-dialects",
        "warning",
        "arguments as text and as object",
        "Use one of them.",
        _who(REJECTS, "llama-factory"),
    ),
    Rule(
        "tool-dialect",
        "error",
        "arguments in the dialect of other consumers",
        "Export it for the target: OpenAI takes JSON texts, chat templates take objects.",
        {**_who(REJECTS, *_OBJECTS), **_TOOLS},
    ),
    Rule("tool-call-unanswered", "error", "a call without a result", "Add it.", _RESULTS),
    Rule("tool-result-without-call", "error", "a result without a call", "Add it.", _RESULTS),
    Rule("tool-id-mismatch", "error", "a result with an unknown id", "Use the call's.", _TOOLS),
    Rule("tool-id-missing", "error", "a result without an id", "Give the call's id.", _TOOLS),
    Rule("tool-id-repeated", "error", "two calls with one id", "Give each its own.", _TOOLS),
    Rule(
        "tool-id-form",
        "error",
        "an id of another form",
        "Export it for the target: Mistral takes nine letters and digits.",
        _who(REJECTS, "mistral"),  # up to its tokenizers of version 11
    ),
    Rule("tool-undeclared", "error", "a call of an undeclared tool", "Declare it.", _TOOLS),
    Rule("tools-missing", "warning", "calls, but no `tools`", "Declare what is called."),
    Rule("tool-definition", "error", "a tool without a name", "Name it.", _TOOLS),
    Rule(
        "tool-then-user",
        "warning",
        "a result without an answer",
        "Let the assistant answer.",
        _who(DROPS, "llama-factory"),
    ),
    # Labels and preferences
    Rule("label-blank", "error", "an empty label", "Give it, or drop the row."),
    Rule("label-type", "error", "a label of no usable type", "Write it as a text."),
    Rule("label-space", "error", "a label with spaces around it", "Strip them."),
    Rule("label-case", "warning", "labels that differ only in case", "Spell them alike."),
    Rule("label-single", "warning", "one label in the whole file", "There is nothing to learn."),
    Rule("label-repeated", "warning", "a label twice in one row", "Give it once."),
    Rule("label-only-in-test", "error", "a label that train lacks", "Add examples to train."),
    Rule("preference-equal", "error", "chosen and rejected are alike", "Drop the row."),
    # Rows among each other, and the file for its target
    Rule("duplicate-row", "warning", "a row twice", "Keep one; `repair` does so if asked."),
    Rule("answers-differ", "warning", "one prompt, several answers", "Decide for one."),
    Rule("leakage", "error", "a row of another split", "Remove it from one of the splits."),
    Rule("leakage-prompt", "warning", "a prompt of another split", "Keep both in one split."),
    Rule("wrong-shape", "error", "a shape the target does not read", "Export it for the target."),
    Rule("too-few-rows", "error", "too few rows", "Add examples."),
    Rule("too-many-rows", "error", "too many rows", "Take a sample."),
    Rule("file-too-large", "error", "too large a file", "Take a sample."),
)

RULES: dict[str, Rule] = {rule.code: rule for rule in _RULES}
"""Every rule by its code."""


def rules_table() -> str:
    """The rules as a Markdown table: code, severity, what it is, how to mend it, who chokes."""
    lines = ["| code | severity | what | mend | who chokes |", "|---|---|---|---|---|"]
    for rule in _RULES:
        by_effect: dict[str, list[str]] = {}
        for name, effect in rule.chokes.items():
            by_effect.setdefault(effect, []).append(name)
        who = "; ".join(
            f"{effect}: {'all' if set(_ALL) <= set(names) else ', '.join(names)}"
            for effect, names in by_effect.items()
        )
        lines.append(
            f"| `{rule.code}` | {rule.severity} | {rule.title} | {rule.hint} | {who or '—'} |"
        )
    return "\n".join(lines)
