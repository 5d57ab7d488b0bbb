"""Run by a trainer's interpreter: the rows of a prepared data set as texts, as one line of JSON.

Arguments: the folder of the data set, the folder of the model.
"""

from __future__ import annotations

import json
import sys

from datasets import DatasetDict, load_from_disk
from transformers import AutoTokenizer

folder, model = sys.argv[1:]
loaded = load_from_disk(folder)
rows = loaded["train"] if isinstance(loaded, DatasetDict) else loaded
tokenizer = AutoTokenizer.from_pretrained(model)
found = []
for row in rows:
    if "input_ids" not in row:  # pairs are kept as texts
        found.append({key: row[key] for key in ("prompt", "chosen", "rejected")})
        continue
    learnt = [token for token in row["labels"] if token != -100]
    texts = {"whole": row["input_ids"], "learnt": learnt}
    found.append({name: tokenizer.decode(tokens) for name, tokens in texts.items()})
sys.stdout.write(json.dumps(found) + "\n")
