"""What counts tokens: a model's own tokenizer where it lies on this disk, an estimate elsewhere.

Nothing here goes to the network: a tokenizer that is not on the disk is an error that says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import polars as pl
from tokenizers import Tokenizer

from curation.errors import WrongUse
from curation.records import canonical_json
from exports.tokens.chat_template import Render, chat_template, special_tokens
from exports.tokens.sequences import Sequence

ESTIMATE_ERROR = 0.33
"""The largest relative error of `Estimate` that was measured; see docs/train.md."""
_BYTES_A_TOKEN = 4
_TIKTOKEN = {
    "o200k_base": (
        "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
"""Where tiktoken has its files from, which names them in its cache, and their SHA-256."""

Number = TypeVar("Number", int, pl.Expr)


class Length(NamedTuple):
    """Tokens of a sequence: all, those learnt, and the place of the first learnt (-1: none)."""

    total: int
    learnt: int
    first: int


class Counter(Protocol):
    """Counts tokens. `name` says what counted; `is_exact` is False for an estimate."""

    @property
    def name(self) -> str:
        """What counted, for people."""

    @property
    def is_exact(self) -> bool:
        """Whether the counts are those of a real tokenizer."""

    def measure(self, batch: Many[Sequence]) -> list[Length]:
        """The length of each sequence."""


def load_counter(tokenizer: str | Path | None = None) -> Counter:
    """The counter that `tokenizer` names.

    - None: the estimate, a token for every four bytes of UTF-8.
    - A folder with a Hugging Face tokenizer (its chat template is applied where it has one), or a
      `tokenizer.json`. No code of the folder is run.
    - `tiktoken:o200k_base` or `tiktoken:cl100k_base`: from the folder in TIKTOKEN_CACHE_DIR.
    - `mistral:FILE`: a tokenizer file that the installed mistral-common brings, or a path to one.

    Raises WrongUse where it is not on this disk, damaged, or its library is not installed.
    """
    if tokenizer is None:
        return Estimate()
    kind, _, name = str(tokenizer).partition(":")
    if kind == "tiktoken" and name:
        return _tiktoken(name)
    if kind == "mistral" and name:
        return _mistral(name)
    return _huggingface(Path(tokenizer))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Counts each text by itself: right where special tokens stand between the turns.

    A turn of a chat costs `turn` tokens besides its text, and the whole `whole`; the token that
    ends an answer is learnt with it.
    """

    name: str
    is_exact: bool
    count: Callable[[str], int]
    turn: int = 4
    whole: int = 3

    def measure(self, batch: Many[Sequence]) -> list[Length]:
        """The length of each sequence."""
        return [self._measure(one) for one in batch]

    def _measure(self, one: Sequence) -> Length:
        total = learnt = 0
        first = -1
        learns = False
        around = self.turn if one.is_chat else 0
        for at, turn in enumerate(one.turns):
            size = sum(map(self.count, _texts(turn)))
            if at in one.learnt:
                first = first if learns else total + max(around - 1, 0)
                learnt += size + 1
                learns = True
            total += size + around
        if one.is_chat:
            return Length(total + self.whole, learnt, first)
        return Length(total + bool(one.learnt), learnt, first)


def Estimate() -> Pieces:  # noqa: N802 - one of the counters
    """A token for every four bytes of UTF-8, and four for every turn of a chat."""
    return Pieces("estimate: a token for every 4 bytes", is_exact=False, count=_quarter)


def _quarter(text: str) -> int:
    return estimated(len(text.encode("utf-8", "surrogatepass")))


def estimated(size: Number) -> Number:
    """Tokens of a text of so many bytes, by the estimate; also for a column of sizes."""
    return -(-size // _BYTES_A_TOKEN)


def _texts(turn: dict[str, Any]) -> Iterator[str]:
    """What a turn says; what is not text as JSON."""
    for key, value in turn.items():
        if key in ("content", "tool_calls", "reasoning_content") and value is not None:
            yield value if isinstance(value, str) else canonical_json(value)


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A tokenizer of the Hub, and its chat template where it has one.

    Without a template a chat is counted as its texts, each answer ended by `end`.
    """

    tokenizer: Tokenizer
    template: Render | None
    end: str
    name: str
    is_exact: bool = True

    def measure(self, batch: Many[Sequence]) -> list[Length]:
        """The length of each sequence."""
        return [self._measure(one) for one in batch]

    def _measure(self, one: Sequence) -> Length:
        if one.is_chat and self.template:
            return self._length(*self._rendered(one), special=False)
        return self._length(*self._joined(one), special=True)

    def _rendered(self, one: Sequence) -> tuple[str, list[tuple[int, int]]]:
        """The conversation as text, and where its learnt turns stand in it.

        Where a template writes a turn otherwise once others follow, what the turn says is looked
        for, and one character more, with which the token begins that ends it.
        """
        whole = self._render(one, len(one.turns))
        spans = []
        place = 0
        for at in one.learnt:
            begin = self._render(one, at, add_generation_prompt=True)
            end = whole if at + 1 == len(one.turns) else self._render(one, at + 1)
            if whole.startswith(begin) and whole.startswith(end):
                spans.append((len(begin), len(end)))
                continue
            said = str(one.turns[at].get("content") or "").strip()
            found = whole.find(said, place)
            if found >= 0:
                place = found + len(said)
                spans.append((found, place + 1))
        return whole, spans

    def _render(self, one: Sequence, turns: int, *, add_generation_prompt: bool = False) -> str:
        assert self.template is not None
        try:
            return self.template(
                one.turns[:turns], one.tools, add_generation_prompt=add_generation_prompt
            )
        except Exception as error:  # templates are programs, and raise what they like
            raise WrongUse(
                f"The chat template of {self.name} refuses a conversation: {error}",
                "Count without it, or with the tokenizer of a model that takes such turns.",
            ) from error

    def _joined(self, one: Sequence) -> tuple[str, list[tuple[int, int]]]:
        text, spans = "", []
        for at, turn in enumerate(one.turns):
            begin = len(text)
            text += "".join(_texts(turn))
            if at in one.learnt:
                text += self.end
                spans.append((begin, len(text)))
        return text, spans

    def _length(self, text: str, spans: list[tuple[int, int]], *, special: bool) -> Length:
        read = self.tokenizer.encode(text, add_special_tokens=special)
        starts = [
            begin if end > begin else -1 for begin, end in read.offsets
        ]  # a token that stands for no text, such as that of the beginning, is not learnt
        learnt = [
            at
            for at, start in enumerate(starts)
            if any(begin <= start < end for begin, end in spans)
        ]
        return Length(len(starts), len(learnt), learnt[0] if learnt else -1)


def _huggingface(path: Path) -> HuggingFace:
    hint = "Name a folder with tokenizer.json and tokenizer_config.json, or a tokenizer.json."
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise WrongUse(f"There is no tokenizer at {path}: {file.name} is missing.", hint)
    try:
        tokenizer = Tokenizer.from_file(str(file))
        end = special_tokens(path).get("eos_token", "") if path.is_dir() else ""
        template = chat_template(path) if path.is_dir() else None
    except Exception as error:  # the loader raises plain Exceptions
        raise WrongUse(f"{path} cannot be read as a tokenizer: {error}", hint) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return HuggingFace(tokenizer, template, end, f"tokenizer {path.name}")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0].replace("_", "-")
        hint = f"Install it: pip install {package}."
        raise WrongUse(f"{package} is not installed.", hint) from error


def _tiktoken(name: str) -> Pieces:
    if name not in _TIKTOKEN:
        raise WrongUse(
            f"There is no tiktoken encoding {name!r}.", f"Known: {', '.join(_TIKTOKEN)}."
        )
    url, sha256 = _TIKTOKEN[name]
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", "")
    path = Path(folder) / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    is_there = bool(folder) and path.is_file()
    if not is_there or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        what = "is damaged in" if is_there else "is not in"
        raise WrongUse(
            f"The tiktoken encoding {name} {what} the folder that TIKTOKEN_CACHE_DIR names.",
            f"Put its file there as {path.name}; nothing is fetched from the network.",
        )
    tiktoken = _library("tiktoken")
    encoding = tiktoken.get_encoding(name)
    return Pieces(
        f"tiktoken {name}",
        is_exact=True,
        count=lambda text: len(encoding.encode(text, disallowed_special=())),
    )


@dataclass(frozen=True, slots=True)
class Mistral:
    """A tokenizer of mistral-common, with the framing of its own chat format."""

    encode: Callable[[Many[dict[str, Any]]], int]
    pieces: Pieces
    name: str
    is_exact: bool = True

    def measure(self, batch: Many[Sequence]) -> list[Length]:
        """The length of each sequence."""
        return [
            self._measure(one) if one.is_chat else self.pieces.measure([one])[0] for one in batch
        ]

    def _measure(self, one: Sequence) -> Length:
        try:
            ends = {at: self.encode(one.turns[: at + 1]) for at in one.learnt}
            begins = {at: self.encode(one.turns[:at]) for at in one.learnt}
            total = self.encode(one.turns)
        except Exception as error:  # its validators raise many kinds
            raise WrongUse(
                f"{self.name} refuses a conversation: {error}", "Count with another tokenizer."
            ) from error
        learnt = sum(ends[at] - begins[at] for at in one.learnt)
        return Length(total, learnt, min(begins.values(), default=-1))


def _mistral(name: str) -> Mistral:
    kit = _library("mistral_common.tokens.tokenizers.mistral").MistralTokenizer
    modes = _library("mistral_common.protocol.instruct.validator").ValidationMode
    requests = _library("mistral_common.protocol.instruct.request").ChatCompletionRequest
    data = files("mistral_common") / "data"
    path = Path(name) if Path(name).is_file() else Path(str(data / name))
    try:
        finetuning, asking = (
            kit.from_file(str(path), mode=mode) for mode in (modes.finetuning, modes.test)
        )
    except Exception as error:
        raise WrongUse(
            f"{name} cannot be read as a tokenizer of Mistral: {error}",
            f"In {data}: {', '.join(sorted(entry.name for entry in data.iterdir()))}.",
        ) from error

    def encode(turns: Many[dict[str, Any]]) -> int:
        kept = [{key: turn[key] for key in ("role", "content") if key in turn} for turn in turns]
        answered = kept[-1]["role"] == "assistant"
        request = requests.model_validate({"messages": kept})
        return len((finetuning if answered else asking).encode_chat_completion(request).tokens)

    plain = finetuning.instruct_tokenizer.tokenizer
    pieces = Pieces(
        f"mistral {path.name}",
        is_exact=True,
        count=lambda text: len(plain.encode(text, bos=False, eos=False)),
    )
    return Mistral(encode, pieces, f"mistral {path.name}")
