"""What a person chooses for an export; stored with it, so that it can be made again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from curation.records import Json
from exports.formats import PromptTemplate
from exports.split_rules import SplitRules

BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""Small enough to be trained without a graphics card."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Everything but the data that the files of an export depend on."""

    format: str = "openai-chat"
    rules: SplitRules = field(default_factory=SplitRules)
    template: PromptTemplate | None = None
    """The words around an input and its output; None: the task's own."""
    description: str = ""
    licence: str = ""
    """As Hugging Face spells it, such as `cc-by-4.0`; "": not said."""
    base_model: str = ""
    """The model that the training configurations are for; "": BASE_MODEL."""
    provenance: bool = False
    """With a file that says where each row comes from and who decided on it."""
    disapprove_excluded: bool = False
    """Examples that a person excluded count as bad answers, in formats with good and bad ones."""

    def as_json(self) -> Json:
        """The options as plain JSON; `from_json` is the inverse."""
        template = None if self.template is None else asdict(self.template)
        plain = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("rules", "template")
        }
        return {**plain, "rules": self.rules.as_json(), "template": template}

    @classmethod
    def from_json(cls, stored: Json) -> ExportOptions:
        """Options as `as_json` wrote them. Raises WrongUse where a value cannot be used."""
        template = stored.get("template")
        given = {
            **stored,
            "rules": SplitRules.from_json(stored.get("rules", {})),
            "template": None if template is None else PromptTemplate(**template),
        }
        return cls(**{name: given[name] for name in cls.__slots__ if name in given})
