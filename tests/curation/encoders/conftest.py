"""A model small enough to be made, exported and distilled in a test."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.encoders import built

WORDS = ["the", "card", "where", "is", "my", "transfer", "money", "lost", "late", "##ing"]


@pytest.fixture(scope="package", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is made from models stays out of the cache of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(built.VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="package")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a sentence-transformers model with two layers and random weights."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [*string.ascii_lowercase, *string.digits, *(f"##{c}" for c in string.ascii_lowercase)]
    vocabulary = {word: i for i, word in enumerate([*special, *".,?!'", *letters, *WORDS])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    backend.post_processor = processors.BertProcessing(ends[1], ends[0])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=64,
        **{f"{name.strip('[]').lower()}_token": name for name in special if name != "[unused0]"},
    )
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(
        vocab_size=len(vocabulary),
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2,  # large enough for rounding to show
        **size,
    )
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("models") / "tiny"
    BertModel(config).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    module = Transformer(str(plain), max_seq_length=64)
    SentenceTransformer(modules=[module, Pooling(32)], device="cpu").save(str(folder))
    return str(folder)


@pytest.fixture(scope="package")
def static_model(tmp_path_factory: pytest.TempPathFactory, tiny: str) -> Path:
    """A folder with a model that has neither padding nor attention mask."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    folder = tmp_path_factory.mktemp("models") / "static model"
    tokenizer = Tokenizer.from_file(str(Path(tiny) / "tokenizer.json"))
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)]).save(str(folder))
    return folder
