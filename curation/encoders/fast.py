"""The model in int8, run by ONNX Runtime: faster, and a very little off.

How its numbers are written is told in `curation.encoders.int8`. Texts are put together only where
they have the same number of tokens: without padding a text's vector depends on nothing but the
text. `curation.recheck` corrects pairs that were found with these vectors.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from curation.encoders.base import Batch, Encoder, Rows, Tier, unit
from curation.encoders.built import built
from curation.encoders.full import FullEncoder
from curation.encoders.int8 import Ids, open_session, write_int8
from curation.encoders.models import check_model, model_key
from curation.errors import ModelUnavailable
from curation.threads import in_order

TOKENS_PER_BATCH = 512
TEXTS_PER_WINDOW = 4096
LEAST_COSINE = 0.999
"""A model whose int8 vectors are farther from its own than this, for any of the trial texts, is
refused."""

_TRIAL_TEXTS = (
    "",
    "Card",
    "Where is my card? I ordered it on 3 May and it hasn't arrived.",
    "Où est ma carte ? 我的卡在哪里？ 🙂",
    "The transfer of $1,200.50 was declined twice, and nobody could tell me why. " * 40,
)
_TEXTS_OF_EACH_LENGTH = 8
_OPSET = 17


@dataclass(frozen=True, slots=True)
class FastEncoder(Encoder):
    """Vectors near those of the full model; the same text has bit for bit the same vector.

    That holds for one machine and one version of ONNX Runtime; other processors may round
    otherwise. The file that is made on first use holds the tokeniser too: torch is not needed
    again.
    """

    session: Any
    tokenizer: Any
    prompt: str

    @classmethod
    def load(cls, model: str) -> FastEncoder:
        """Load the int8 form of the model of this name, made first where there is none yet.

        Raises ModelUnavailable where ONNX Runtime is missing, or the model cannot be brought into
        this form without changing what it says.
        """
        name = f"{model}:{Tier.FAST}"
        check_model(name)
        key = model_key(name)
        path = built(key, ".onnx", lambda path: _build(model, path))
        return cls._open(name, key, path)

    @classmethod
    def _open(cls, name: str, key: str, path: Path) -> FastEncoder:
        session = open_session(path)
        kept = session.get_modelmeta().custom_metadata_map
        tokenizer = Tokenizer.from_str(kept["tokenizer"])
        truncation = tokenizer.truncation
        return cls(
            name=name,
            key=key,
            tier=Tier.FAST,
            max_tokens=None if truncation is None else int(truncation["max_length"]),
            dimension=int(kept["dimension"]),
            session=session,
            tokenizer=tokenizer,
            prompt=kept["prompt"],
        )

    def batches(self, texts: Sequence[str]) -> Generator[Batch]:
        """Yield batches of texts of one length, the longest of each window first."""

        def work(batch: tuple[Rows, Ids]) -> Batch:
            rows, ids = batch
            return rows, unit(self.session.run(None, {"input_ids": ids})[0])

        yield from in_order(work, self._inputs(texts))

    def _inputs(self, texts: Sequence[str]) -> Iterator[tuple[Rows, Ids]]:
        """Rows and token ids int64 [b, s] of each batch, within TOKENS_PER_BATCH if it can be."""
        for start in range(0, len(texts), TEXTS_PER_WINDOW):
            window = [self.prompt + text for text in texts[start : start + TEXTS_PER_WINDOW]]
            encodings = self.tokenizer.encode_batch_fast(window)
            lengths = np.fromiter(map(len, encodings), np.int64, len(window))
            for length in np.unique(lengths)[::-1]:
                same = np.nonzero(lengths == length)[0]
                at_once = max(1, TOKENS_PER_BATCH // max(1, int(length)))
                for some in np.array_split(same, -(-len(same) // at_once)):
                    yield some + start, np.array([encodings[row].ids for row in some], np.int64)


def _build(model: str, path: Path) -> None:
    """Export the model, quantise it, and compare it with itself on texts of several kinds."""
    full = FullEncoder.load(model)
    try:
        _export(full, path)
    except (RuntimeError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise ModelUnavailable(
            f"{model} cannot be brought into the form that ONNX Runtime reads: {error}",
            f"Use {model} without :{Tier.FAST}.",
        ) from error
    fast = FastEncoder._open(model, full.key, path)
    cosines = np.einsum("nd,nd->n", full.encode(_TRIAL_TEXTS), fast.encode(_TRIAL_TEXTS))
    if not cosines.min() >= LEAST_COSINE:
        raise ModelUnavailable(
            f"In int8 {model} says something else: its vectors have a cosine of only "
            f"{cosines.min():.3f} with the float32 ones (at least {LEAST_COSINE} is asked for).",
            f"Use {model} without :{Tier.FAST}.",
        )


def _export(full: FullEncoder, path: Path) -> None:
    plain, tokenizer = path.with_suffix(".float32"), tokenizer_of(full)
    _trace(full.model, plain)
    kept = {
        "tokenizer": tokenizer.to_str(),
        "dimension": str(full.dimension),
        "prompt": full.model.prompts.get(full.model.default_prompt_name) or "",
    }
    encodings = tokenizer.encode_batch_fast(made_up_texts(tokenizer))
    write_int8(plain, path, [np.array([e.ids], np.int64) for e in encodings if e.ids], kept)


def made_up_texts(tokenizer: Any) -> list[str]:
    """The trial texts, and tokens of the vocabulary drawn at random, 1 to 256 for each text."""
    words = sorted(tokenizer.get_vocab())
    chance = np.random.default_rng(0)
    lengths = np.repeat(2 ** np.arange(9), _TEXTS_OF_EACH_LENGTH)
    return [*_TRIAL_TEXTS, *(" ".join(chance.choice(words, length)) for length in lengths)]


def _trace(model: Any, path: Path) -> None:
    """Write the model as an ONNX graph from token ids int64 [b, s] to vectors float32 [b, d].

    The exporter by tracing, not the newer one: its graph has fewer operations, and what it makes
    runs up to half as fast again. For the same reason attention is written out (`eager`).
    How a sum is added up differs between one row and several: behind the transformer there is
    always one more. The same goes for the length of a vector, so it is left as it comes.
    """
    import torch

    first, *others = (module for module in model if type(module).__name__ != "Normalize")

    class Texts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.others = first, torch.nn.Sequential(*others)

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            mask = torch.ones_like(input_ids)
            features = {"input_ids": input_ids, "attention_mask": mask, "modality": "text"}
            features = self.first(features)
            for name, value in features.items():
                if isinstance(value, torch.Tensor):
                    features[name] = torch.cat([value, value[:1]])
            vectors: torch.Tensor = self.others(features)["sentence_embedding"]
            return vectors[:-1]

    model[0].auto_model.set_attn_implementation("eager")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that it is the older exporter, and what tracing cannot see
        torch.onnx.export(
            Texts().eval(),
            (torch.tensor([[1, 2, 3, 4, 5]] * 2),),
            path,
            input_names=["input_ids"],
            dynamic_axes={"input_ids": {0: "texts", 1: "tokens"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    model[0].auto_model.set_attn_implementation("sdpa")


def tokenizer_of(full: FullEncoder) -> Any:
    """A copy of the model's tokeniser that pads nothing and cuts off where the model does.

    Raises AttributeError where the model has none of the fast kind.
    """
    tokenizer = Tokenizer.from_str(full.model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    if full.max_tokens is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(full.max_tokens)
    return tokenizer
