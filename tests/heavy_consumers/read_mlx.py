"""Run by MLX-LM's interpreter: what it makes of each row of a folder, as one line of JSON.

Arguments: the folder of the data, the folder of the model.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

from mlx_lm.tuner.datasets import load_dataset
from transformers import AutoTokenizer

folder, model = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model)
wanted = SimpleNamespace(data=folder, mask_prompt=True, train=True, test=True, hf_dataset=False)
found: dict[str, list[dict[str, Any]]] = {}
for name, rows in zip(("train", "valid", "test"), load_dataset(wanted, tokenizer), strict=True):
    found[name] = []
    for number in range(len(rows)):
        tokens, start = rows.process(rows[number])
        texts = {"whole": tokens, "learnt": tokens[start:]}
        found[name].append({key: tokenizer.decode(ids) for key, ids in texts.items()})
sys.stdout.write(json.dumps(found) + "\n")
