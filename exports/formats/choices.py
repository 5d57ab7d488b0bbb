"""Which format to pick: from what one wants to do to the name of a format."""

from __future__ import annotations

CHOICES = (
    ("a classifier with scikit-learn or SetFit", "one label", "text-label"),
    ("a classifier with SetFit", "several labels", "setfit-multilabel"),
    ("supervised fine-tuning with TRL", "any", "trl-messages"),
    ("the same, only the last answer learnt", "any", "trl-prompt-completion"),
    ("DPO with TRL or Axolotl", "any, with a worse answer", "trl-preference"),
    ("KTO with TRL", "any, with verdicts", "trl-unpaired-preference"),
    ("Axolotl, `type: chat_template`", "any", "axolotl-chat"),
    ("LLaMA-Factory, conversations and tools", "any", "llamafactory-sharegpt"),
    ("Unsloth", "any", "unsloth-chat"),
    ("MLX-LM on a Mac", "any", "mlx-chat"),
    ("NeMo", "any", "nemo-chat"),
    ("OpenAI, or a service that reads its files", "any", "openai-chat"),
    ("Azure OpenAI", "any", "azure-chat"),
    ("Together", "any", "together-chat"),
    ("Fireworks", "any", "fireworks-chat"),
    ("Mistral", "any", "mistral-chat"),
    ("Gemini on Vertex AI", "any", "vertex-gemini"),
    ("Nova on Bedrock", "any", "bedrock-nova"),
    ("Claude on Bedrock", "any", "bedrock-claude"),
    ("a spreadsheet", "any", "csv"),
    ("the Hugging Face Hub", "any", "huggingface"),
)
"""(what for, which task, name of the format)."""


def choice_table() -> str:
    """The choices as a Markdown table, for the documentation."""
    rows = ["| for | task | format |", "|---|---|---|"]
    rows += [f"| {what} | {task} | `{name}` |" for what, task, name in CHOICES]
    return "\n".join(rows) + "\n"
