"""The model in int8, run by ONNX Runtime: faster, and a little off.

Weights are rounded to eight bits per output channel, activations to eight bits per operation with
the range they have at that moment (dynamic quantisation; Zafrir et al. 2019, "Q8BERT", section 3).
Since that range is taken over a whole batch, texts are run one by one: a text's vector then depends
on nothing but the text. `curation.recheck` corrects pairs that were found
with these vectors.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from curation.encoders.base import Batch, Encoder, Rows, Tier, unit
from curation.encoders.built import built
from curation.encoders.full import FullEncoder
from curation.encoders.models import check_model, model_key
from curation.errors import ModelUnavailable
from curation.threads import in_order
from curation.vectors import Vectors

TEXTS_PER_TASK = 32
LEAST_COSINE = 0.95
"""A model whose int8 vectors are farther from its own than this, for any of the trial texts, is
refused. The least that was seen of all-MiniLM-L6-v2 is .957, among 50,100 texts."""

_TRIAL_TEXTS = (
    "",
    "Card",
    "Where is my card? I ordered it on 3 May and it hasn't arrived.",
    "Où est ma carte ? 我的卡在哪里？ 🙂",
    "The transfer of $1,200.50 was declined twice, and nobody could tell me why. " * 40,
)
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
        session = _session(path)
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
        """Yield the vectors of TEXTS_PER_TASK texts at a time, in their order."""

        def work(start: int) -> Batch:
            some = texts[start : start + TEXTS_PER_TASK]
            rows: Rows = np.arange(start, start + len(some), dtype=np.int64)
            return rows, self._vectors(some)

        yield from in_order(work, range(0, len(texts), TEXTS_PER_TASK))

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        found = np.empty((len(texts), self.dimension), dtype=np.float32)
        encodings = self.tokenizer.encode_batch_fast([self.prompt + text for text in texts])
        for row, encoding in enumerate(encodings):
            ids = np.array([encoding.ids], dtype=np.int64)
            found[row] = self.session.run(None, {"input_ids": ids})[0][0]
        return unit(found)


def _session(path: Path) -> Any:
    """The model on one thread; several threads may run it at once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


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
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = path.with_suffix(".float32")
    _trace(full.model, plain)
    quantize_dynamic(
        plain,
        path,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    graph = onnx.load(path)
    prompt = full.model.prompts.get(full.model.default_prompt_name) or ""
    kept = {
        "tokenizer": tokenizer_of(full).to_str(),
        "dimension": str(full.dimension),
        "prompt": prompt,
    }
    onnx.helper.set_model_props(graph, kept)
    onnx.save(graph, path)


def _trace(model: Any, path: Path) -> None:
    """Write the model as an ONNX graph from token ids int64 [1, s] to a vector float32 [1, d].

    The exporter by tracing, not the newer one: its graph has fewer operations, and what it makes
    runs up to half as fast again. For the same reason attention is written out (`eager`).
    """
    import torch

    class OneText(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            mask = torch.ones_like(input_ids)
            features = {"input_ids": input_ids, "attention_mask": mask, "modality": "text"}
            vector: torch.Tensor = self.model(features)["sentence_embedding"]
            return vector

    model[0].auto_model.set_attn_implementation("eager")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that it is the older exporter, and what tracing cannot see
        torch.onnx.export(
            OneText().eval(),
            (torch.tensor([[1, 2, 3, 4, 5]]),),
            path,
            input_names=["input_ids"],
            dynamic_axes={"input_ids": {1: "tokens"}},
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
