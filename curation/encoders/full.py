"""The whole model in float32: the vectors of sentence-transformers, in less time.

Texts are sorted by length and cut into batches of about as many tokens, so that next to nothing is
padding; each thread computes a batch of its own.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.encoders.base import Batch, Encoder, Rows, Tier, unit
from curation.encoders.models import load_model, model_key
from curation.threads import in_order

TOKENS_PER_BATCH = 1024
TEXTS_PER_WINDOW = 2048


@dataclass(frozen=True, slots=True)
class FullEncoder(Encoder):
    """Vectors equal to those of `SentenceTransformer.encode` up to float32 rounding.

    The batch that a text falls into changes its vector by rounding only (below 1e-6 each number).
    """

    model: Any

    @classmethod
    def load(cls, model: str) -> FullEncoder:
        """Load the model of this name. Raises ModelUnavailable."""
        loaded = load_model(model)
        return cls(
            name=model,
            key=model_key(model),
            tier=Tier.FULL,
            max_tokens=token_limit(loaded),
            dimension=int(loaded.get_embedding_dimension() or 0),
            model=loaded,
        )

    def batches(self, texts: Sequence[str]) -> Generator[Batch]:
        """Yield batches, the longest texts of each window of TEXTS_PER_WINDOW first."""
        import torch

        before = torch.get_num_threads()
        try:
            yield from in_order(
                self._vectors, self._inputs(texts), lambda: torch.set_num_threads(1)
            )
        finally:
            torch.set_num_threads(before)  # the setting reaches beyond the threads that make it

    def _inputs(self, texts: Sequence[str]) -> Iterator[tuple[Rows, dict[str, Any]]]:
        """What the model is given for each batch; a window's texts are tokenised at once."""
        prompt = self.model.prompts.get(self.model.default_prompt_name)
        for start in range(0, len(texts), TEXTS_PER_WINDOW):
            window = list(texts[start : start + TEXTS_PER_WINDOW])
            features = self.model.preprocess(window, prompt=prompt)
            mask = features.get("attention_mask")
            if mask is None:  # A static model pads nothing, so there is nothing to sort.
                yield np.arange(start, start + len(window), dtype=np.int64), dict(features)
                continue
            for rows in token_batches(mask.sum(dim=1).numpy()):
                yield rows + start, self._cut(features, mask, rows)

    def _vectors(self, batch: tuple[Rows, dict[str, Any]]) -> Batch:
        import torch

        rows, features = batch
        with torch.inference_mode():
            found = self.model(features)["sentence_embedding"].float().cpu().numpy()
        return rows, unit(found)

    def _cut(self, features: dict[str, Any], mask: Any, rows: Rows) -> dict[str, Any]:
        """The features of some rows, without the columns that are padding in all of them."""
        width = int(mask[rows].sum(dim=1).max())
        left = self.model.tokenizer.padding_side == "left"
        columns = slice(mask.shape[1] - width, None) if left else slice(None, width)
        return {
            name: value[rows, columns] if getattr(value, "shape", None) == mask.shape else value
            for name, value in features.items()
        }


def token_limit(model: Any) -> int | None:
    """Where the SentenceTransformer cuts a text off, in tokens; None: nowhere."""
    limit = model.max_seq_length
    return int(limit) if limit is not None and math.isfinite(limit) else None


def token_batches(lengths: Rows, budget: int = TOKENS_PER_BATCH) -> list[Rows]:
    """Split rows, longest first, into batches of at most `budget` tokens, padding included.

    A row longer than the budget is a batch of its own. Where a batch is at least half full with
    rows of one length it ends there: without padding the model needs no attention mask, which is
    worth more than the fuller batch.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    descending = -lengths[order]
    batches, start = [], 0
    while start < len(order):
        longest = max(1, -int(descending[start]))
        stop = start + max(1, budget // longest)
        same = int(np.searchsorted(descending, -longest, side="right"))
        if 2 * longest * (same - start) >= budget:
            stop = min(stop, same)
        batches.append(order[start:stop])
        start = stop
    return batches
