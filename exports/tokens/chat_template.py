"""A model's chat template, rendered as transformers renders it, without transformers and torch.

The rules are those of https://huggingface.co/docs/transformers/chat_templating_writing: Jinja in an
immutable sandbox, with `tojson`, `raise_exception`, `strftime_now` and `{% generation %}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from curation.records import Json

Render = Callable[..., str]
_SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token")


class _Generation(Extension):
    """What stands between the tags is rendered as it is; they mark what the assistant says."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The statements between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def special_tokens(folder: Path) -> dict[str, str]:
    """The texts of the special tokens that the files of a tokenizer name."""
    found: Json = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found |= json.loads((folder / name).read_text(encoding="utf-8"))
    texts = {key: found.get(key) for key in _SPECIAL}
    plain = {
        key: text["content"] if isinstance(text, dict) else text for key, text in texts.items()
    }
    return {key: str(text) for key, text in plain.items() if text is not None}


def chat_template(folder: Path) -> Render | None:
    """A function of turns, `tools` and `add_generation_prompt` that gives a text.

    None where the folder has no template. Raises ValueError for one that cannot be read.
    """
    texts = _texts(folder)
    if not texts:
        return None
    try:
        templates = {name: _environment().from_string(text) for name, text in texts.items()}
    except TemplateError as error:
        raise ValueError(f"its chat template cannot be read: {error}") from error
    plain = templates.get("default") or next(iter(templates.values()))
    tokens = special_tokens(folder)

    def render(turns: Sequence[Json], tools: Any = None, *, add_generation_prompt: bool) -> str:
        chosen = templates.get("tool_use", plain) if tools else plain
        return chosen.render(
            messages=list(turns),
            tools=tools,
            documents=None,
            add_generation_prompt=add_generation_prompt,
            **tokens,
        )

    return render


def _texts(folder: Path) -> dict[str, str]:
    """Templates by name: one file of its own, or in the configuration alone or by name."""
    alone, config = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if alone.is_file():
        return {"default": alone.read_text(encoding="utf-8")}
    if not config.is_file():
        return {}
    given = json.loads(config.read_text(encoding="utf-8")).get("chat_template")
    if isinstance(given, list):
        return {str(one["name"]): str(one["template"]) for one in given}
    return {"default": str(given)} if given else {}


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
    return environment


def _to_json(value: Any, indent: int | None = None, **options: Any) -> str:
    return json.dumps(value, indent=indent, **{"ensure_ascii": False, **options})


def _refuse(message: str) -> None:
    raise TemplateError(message)
