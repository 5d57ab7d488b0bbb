"""A run that is killed goes on where it stopped, in every tier, and ends with the same vectors."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import curation
from curation.embeddings import VectorCache, embed, load_encoder
from curation.encoders.base import Tier
from curation.records import Progress, text_hash

TEXTS = [f"where is my card number {row}" for row in range(200)]
KILLED = """
import os, pathlib, signal, sys
from curation import embeddings
from curation.encoders import full, static
from tests.curation.encoders.test_resume import HASHES, TEXTS

full.TEXTS_PER_WINDOW = static.TEXTS_PER_WINDOW = embeddings.CHECKPOINT_TEXTS = 32
_, name, folder = sys.argv

def progress(state):
    if state.done >= 100:
        os.kill(os.getpid(), signal.SIGKILL)

encoder, cache = embeddings.load_encoder(name), embeddings.VectorCache(pathlib.Path(folder))
embeddings.embed(TEXTS, HASHES, encoder, cache, progress)
"""
HASHES = [text_hash(text) for text in TEXTS]


@pytest.mark.parametrize("tier", list(Tier))
def test_what_was_done_before_a_kill_is_not_done_again(
    tier: Tier, tiny: str, tmp_path: Path
) -> None:
    if tier is Tier.FAST:
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnx")
    name = tiny if tier is Tier.FULL else f"{tiny}:{tier}"
    home = Path(curation.__file__).parents[1]
    ended = subprocess.run([sys.executable, "-c", KILLED, name, str(tmp_path)], cwd=home)
    assert ended.returncode == -signal.SIGKILL
    cache = VectorCache(tmp_path)
    left = len(cache.missing(HASHES))
    assert 0 < left <= len(TEXTS) - 64
    seen: list[Progress] = []
    encoder = load_encoder(name)
    embed(TEXTS, HASHES, encoder, cache, seen.append)
    assert seen[0].done == len(TEXTS) - left
    whole = encoder.encode(TEXTS)
    if tier is Tier.FULL:
        np.testing.assert_allclose(cache.load(HASHES), whole, atol=1e-6)
    else:
        np.testing.assert_array_equal(cache.load(HASHES), whole)
