"""Word vectors distilled from the model: a text is the weighted mean of its tokens' vectors.

Each token of the vocabulary is put through the model once, by itself; its vectors are brought down
to 256 principal components and weighted by how rare the token is (as Model2Vec does: Tulkens & van
Dongen 2024; the weights are the smooth inverse frequency of Arora, Liang & Ma 2017, "A simple but
tough-to-beat baseline for sentence embeddings", with Zipf's law in place of counted frequencies).
Word order is lost, so these vectors are a kind of their own and are never compared with others.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.sparse import csr_array
from tokenizers import Tokenizer

from curation.encoders.base import Batch, Encoder, Rows, Tier, unit
from curation.encoders.built import built
from curation.encoders.fast import tokenizer_of
from curation.encoders.full import FullEncoder
from curation.encoders.models import model_key
from curation.errors import ModelUnavailable
from curation.threads import in_order
from curation.vectors import Vectors

DIMENSION = 256
SIF = 1e-4
"""The constant a of a token's weight a / (a + p); p is its probability."""
TEXTS_PER_WINDOW = 4096
MOST_WORDS = 500_000
"""Words kept tokenised; with more of them the memory is cleared and filled again."""
_TOKENS_AT_ONCE = 256
_UNUSED = re.compile(r"\[unused\d+\]|<unused\d+>")


class _Words(dict[str, int]):
    """Numbers words in the order in which they first come."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


@dataclass(slots=True)
class _Memory:
    """The tokens of every word seen: those of word w are tokens[starts[w] : starts[w + 1]]."""

    words: _Words = field(default_factory=_Words)
    tokens: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    starts: Rows = field(default_factory=lambda: np.zeros(1, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class StaticEncoder(Encoder):
    """Vectors of 256 numbers from tokens alone, of the whole text, without torch.

    A word is what stands between white space, and is tokenised once however often it comes. A
    text's tokens are added up in their order, so the same text has bit for bit the same vector. A
    text without a known token gets zeros.
    """

    table: Vectors
    """Weighted vector of each token, float32 [tokens, d]; zeros for special ones."""
    tokenizer: Any
    memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    @classmethod
    def load(cls, model: str) -> StaticEncoder:
        """Load the word vectors of the model of this name, made first where there are none yet.

        Raises ModelUnavailable.
        """
        name = f"{model}:{Tier.STATIC}"
        key = model_key(name)
        path = built(key, ".safetensors", lambda path: _build(model, path))
        with safe_open(path, "np") as file:
            table, kept = file.get_tensor("table"), file.metadata()
        tokenizer = Tokenizer.from_str(kept["tokenizer"])
        return cls(name, key, Tier.STATIC, None, table.shape[1], table, tokenizer)

    def batches(self, texts: Sequence[str]) -> Generator[Batch]:
        """Yield the vectors of TEXTS_PER_WINDOW texts at a time, in their order."""
        for start in range(0, len(texts), TEXTS_PER_WINDOW):
            window = [text.split() for text in texts[start : start + TEXTS_PER_WINDOW]]
            rows = np.arange(start, start + len(window), dtype=np.int64)
            yield rows, unit(self._token_counts(window) @ self.table)

    def _token_counts(self, texts: list[list[str]]) -> csr_array:
        """Ones at the tokens of each text, in their order and as often as they come."""
        memory = self.memory
        if len(memory.words) > MOST_WORDS:
            memory.words, memory.starts, memory.tokens = (
                _Words(),
                np.zeros(1, np.int64),
                memory.tokens[:0],
            )
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        words = np.fromiter(
            map(memory.words.__getitem__, chain.from_iterable(texts)), np.int64, int(lengths.sum())
        )
        self._learn()
        first, count = memory.starts[words], np.diff(memory.starts)[words]
        ends = np.concatenate([[0], np.cumsum(count)])
        places = np.arange(ends[-1]) + np.repeat(first - ends[:-1], count)
        text_ends = ends[np.concatenate([[0], np.cumsum(lengths)])]
        ones = np.ones(len(places), dtype=np.float32)
        return csr_array((ones, memory.tokens[places], text_ends), (len(texts), len(self.table)))

    def _learn(self) -> None:
        """Tokenise the words that are new."""
        memory = self.memory
        known = len(memory.starts) - 1
        new = list(memory.words)[known:]
        if not new:
            return
        found = [e.ids for e in self.tokenizer.encode_batch_fast(new, add_special_tokens=False)]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        memory.starts = np.concatenate([memory.starts, memory.starts[-1] + np.cumsum(lengths)])
        memory.tokens = np.concatenate([memory.tokens, ids])


def _build(model: str, path: Path) -> None:
    full = FullEncoder.load(model)
    try:
        tokenizer = tokenizer_of(full)
    except AttributeError as error:
        raise ModelUnavailable(
            f"{model} has no tokeniser that word vectors could be made with.",
            f"Use {model} without :{Tier.STATIC}.",
        ) from error
    tokenizer.no_truncation()
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = set(full.model.tokenizer.all_special_ids)
    ids = np.array([i for token, i in vocabulary if i not in special and not _UNUSED.match(token)])
    table = np.zeros((vocabulary[-1][1] + 1, min(DIMENSION, full.dimension)), np.float32)
    table[ids] = distil(_token_vectors(full, ids))
    save_file({"table": table}, path, {"tokenizer": tokenizer.to_str()})


def distil(vectors: Vectors, dimension: int = DIMENSION) -> Vectors:
    """Principal components of token vectors, weighted: float32 [n, d] to [n, ≤ dimension].

    The rows come from the most to the least frequent token, as vocabularies list them. By Zipf's
    law the one of rank r has the probability p = 1 / (r · H), H the sum of all 1 / r; its weight is
    SIF / (SIF + p).
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dimension]
    # An axis may point either way: the largest number of each is made positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    inverse_rank = 1 / np.arange(1, len(vectors) + 1)
    weights = SIF / (SIF + inverse_rank / inverse_rank.sum())
    found: Vectors = (centred @ axes * weights[:, None]).astype(np.float32)
    return found


def _token_vectors(full: FullEncoder, ids: Rows) -> Vectors:
    """The model's vector of each token by itself, between the special tokens around any text."""
    import torch

    alone = full.model.tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = full.model.tokenizer("a")["input_ids"]
    before = next(i for i in range(len(whole)) if whole[i : i + len(alone)] == alone)
    frame = [whole[:before], whole[before + len(alone) :]]

    def work(some: Rows) -> Vectors:
        inputs = torch.tensor([[*frame[0], token, *frame[1]] for token in some.tolist()])
        mask = torch.ones_like(inputs)
        features = {"input_ids": inputs, "attention_mask": mask, "modality": "text"}
        with torch.inference_mode():
            found: Vectors = full.model(features)["sentence_embedding"].numpy()
        return found

    parts = np.array_split(ids, -(-len(ids) // _TOKENS_AT_ONCE))
    threads = torch.get_num_threads()
    try:
        return np.concatenate(list(in_order(work, parts, lambda: torch.set_num_threads(1))))
    finally:
        torch.set_num_threads(threads)
