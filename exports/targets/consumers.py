"""Every trainer and service that Tamis writes for or checks for, and what its present rules ask."""

from __future__ import annotations

from exports.targets.consumer import Consumer

_MB = 10**6
_GB = 10**9
_OPENAI = ("messages", "openai-preference")
_TRAINERS = (
    *("messages", "sharegpt", "prompt-completion", "alpaca", "text", "text-label"),
    *("preference", "kto"),
)
_TOGETHER_KEYS = (
    *("messages", "tools", "prompt", "completion", "text"),
    *("input", "preferred_output", "non_preferred_output"),
)

_ROWS = (
    Consumer("any", "any trainer", "https://jsonlines.org/"),
    Consumer(
        name="openai",
        title="OpenAI",
        source="https://developers.openai.com/docs/guides/distillation",
        shapes=_OPENAI,
        rows=(10, None),
        bytes=512 * _MB,
        tokens=65_536,
        weights=True,
        tool_arguments="string",
    ),
    Consumer(
        name="azure",
        title="Azure OpenAI",
        source="https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/fine-tuning",
        shapes=_OPENAI,
        rows=(10, None),
        bytes=512 * _MB,
        tokens=65_536,
        bom=True,
        weights=True,
        tool_arguments="string",
    ),
    Consumer(
        name="together",
        title="Together",
        source="https://docs.together.ai/docs/fine-tuning/data-preparation",
        shapes=("messages", "prompt-completion", "text", "openai-preference"),
        bytes=100 * _GB,
        keys=_TOGETHER_KEYS,
        weights=True,
        tool_arguments="string",
    ),
    Consumer(
        name="fireworks",
        title="Fireworks",
        source="https://docs.fireworks.ai/fine-tuning/fine-tuning-models",
        shapes=("messages",),
        rows=(3, 3_000_000),
        weights=True,
        tool_arguments="string",
    ),
    Consumer(
        name="mistral",
        title="Mistral",
        source="https://docs.mistral.ai/capabilities/finetuning/text_finetuning",
        shapes=("messages",),
        bytes=512 * _MB,
        weights=True,
        tool_arguments="string",
        call_id=9,  # mistral_common/protocol/instruct/validator.py, up to tokenizers of version 11
    ),
    Consumer(
        name="vertex",
        title="Vertex AI",
        source="https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning-prepare",
        shapes=("gemini",),
        rows=(1, 1_000_000),
        validation_rows=(1, 5_000),
        bytes=_GB,
        tokens=131_072,
    ),
    Consumer(
        name="bedrock-nova",
        title="Amazon Nova",
        source="https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html",
        shapes=("bedrock",),
        reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
    ),
    Consumer(
        name="bedrock-claude",
        title="Claude on Bedrock",
        source="https://platform.claude.com/cookbook/finetuning-finetuning-on-bedrock",
        shapes=("messages",),
        keys=("system", "messages"),
    ),
    Consumer(
        name="bedrock",
        title="Bedrock",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html",
        shapes=("prompt-completion",),
        bytes=_GB,
    ),
    Consumer(
        name="trl",
        title="TRL",
        source="https://huggingface.co/docs/trl/dataset_formats",
        shapes=_TRAINERS,
        tokens=1_024,
        tool_arguments="object",
        tools_as_text=True,
        columns=True,
        extra_columns=True,
    ),
    Consumer(
        name="unsloth",
        title="Unsloth",
        source="https://docs.unsloth.ai/basics/datasets-guide",
        shapes=_TRAINERS,
        tokens=2_048,
        tool_arguments="object",
        columns=True,
    ),
    Consumer(
        name="axolotl",
        title="Axolotl",
        source="https://docs.axolotl.ai/docs/dataset-formats/conversation.html",
        shapes=_TRAINERS,
        tokens=2_048,
        tool_arguments="string",  # it makes objects of them, and as texts they have one type
        tools_as_text=True,
        columns=True,
        extra_columns=True,
    ),
    Consumer(
        name="llama-factory",
        title="LLaMA-Factory",
        source="https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md",
        shapes=_TRAINERS,
        tokens=2_048,
        reserved=("<image>", "<video>", "<audio>"),
        tool_arguments="object",
        tools_as_text=True,
        columns=True,
        extra_columns=True,
    ),
    Consumer(
        name="mlx-lm",
        title="MLX-LM",
        source="https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/LORA.md",
        shapes=("messages", "prompt-completion", "text"),
        tokens=2_048,
        tool_arguments="object",
        extra_columns=True,
    ),
    Consumer(
        name="nemo",
        title="NeMo",
        source="https://docs.nvidia.com/nemo/microservices/latest/fine-tune/tutorials/format-training-dataset.html",
        shapes=("messages", "prompt-completion"),
    ),
    Consumer(
        name="setfit",
        title="SetFit",
        source="https://huggingface.co/docs/setfit/main/en/how_to/multilabel",
        shapes=("text-label",),
        columns=True,
        extra_columns=True,
    ),
    Consumer(
        name="classifiers",
        title="classifiers",
        source="https://huggingface.co/docs/setfit/main/en/reference/trainer",
        shapes=("text-label",),
        extra_columns=True,
    ),
    Consumer(
        name="datasets",
        title="Hugging Face datasets",
        source="https://huggingface.co/docs/hub/datasets-manual-configuration",
        columns=True,
        extra_columns=True,
    ),
    Consumer(
        name="spreadsheets",
        title="spreadsheets",
        source="https://owasp.org/www-community/attacks/CSV_Injection",
        bom=True,
        weights=True,
        extra_columns=True,
    ),
    Consumer(
        name="prompt-completion",
        title="prompt and completion",
        source="https://huggingface.co/docs/trl/dataset_formats",
        shapes=("prompt-completion",),
        weights=True,
        tool_arguments="object",
        columns=True,
        extra_columns=True,
    ),
)

CONSUMERS: dict[str, Consumer] = {consumer.name: consumer for consumer in _ROWS}
"""Every consumer by its name; `any` is the common ground of all."""
