"""What one consumer asks beyond the common rules: sizes, shapes, keys, limits."""

from __future__ import annotations

from dataclasses import dataclass

from curation.errors import WrongUse

_CHAT = ("messages",)
_TRAINERS = (
    *("messages", "sharegpt", "prompt-completion", "alpaca", "text", "text-label"),
    *("preference", "kto"),
)
_MB = 10**6


@dataclass(frozen=True, slots=True)
class Target:
    """One consumer. `tokens`: the longest row, in tokens; `shapes`: what it reads, empty for all.

    `rows` and `validation_rows` are the least and the most rows of a training or validation file;
    `bytes` its largest size; `keys` the only ones allowed at the top, empty for any.
    """

    name: str
    shapes: tuple[str, ...] = ()
    rows: tuple[int, int | None] = (1, None)
    validation_rows: tuple[int, int | None] = (1, None)
    bytes: int | None = None
    tokens: int = 32_768
    keys: tuple[str, ...] = ()
    reserved_words: bool = False
    wants_bom: bool = False


_OPENAI = (*_CHAT, "openai-preference")

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("any"),
        Target("openai", _OPENAI, (10, None), bytes=512 * _MB, tokens=65_536),
        Target("azure", _OPENAI, (10, None), bytes=512 * _MB, tokens=65_536, wants_bom=True),
        Target(
            "together",
            (*_CHAT, "prompt-completion", "text", "openai-preference"),
            keys=(
                *("messages", "tools", "prompt", "completion", "text"),
                *("input", "preferred_output", "non_preferred_output"),
            ),
        ),
        Target("fireworks", _CHAT, (3, 3_000_000)),
        Target("mistral", _CHAT, bytes=512 * _MB),
        Target(
            "vertex",
            ("gemini",),
            (1, 1_000_000),
            validation_rows=(1, 5_000),
            bytes=1_000 * _MB,
            tokens=131_072,
        ),
        Target("bedrock-nova", ("bedrock",), reserved_words=True),
        Target("bedrock-claude", _CHAT, keys=("system", "messages")),
        Target("trl", _TRAINERS, tokens=1_024),
        Target("unsloth", _TRAINERS, tokens=2_048),
        Target("axolotl", _TRAINERS, tokens=2_048),
        Target("llama-factory", _TRAINERS, tokens=2_048),
        Target("mlx-lm", ("messages", "prompt-completion", "text"), tokens=2_048),
    )
}
"""Known consumers; the token limits of trainers are the defaults of their settings."""


_ALSO = {"llamafactory": "llama-factory", "mlx": "mlx-lm", "nemo": "any"}


def find_target(name: str) -> Target:
    """The target of that name, or the consumer of an export format (`trl-messages`: `trl`).

    Raises WrongUse for an unknown one.
    """
    first = name.partition("-")[0]
    for known in (name, first, _ALSO.get(first, "")):
        if known in TARGETS:
            return TARGETS[known]
    raise WrongUse(f"There is no target '{name}'.", f"Known: {', '.join(TARGETS)}.")
