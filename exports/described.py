"""The files of an export that follow from its manifest alone."""

from __future__ import annotations

import json

from curation.records import Json, Task
from exports.card import CARD, card
from exports.certificate import CERTIFICATE, certificate
from exports.croissant import CROISSANT, croissant
from exports.formats import find_format


def described(document: Json) -> dict[str, str]:
    """Name and text of the card, the Croissant document and, where known, the leak certificate.

    They need the facts of the split files in `files`, and look at nothing else there: the same
    before and after their own facts are added. Raises WrongUse for an unknown format or prompt
    template, KeyError where `files` lacks the file of a split.
    """
    form = find_format(document["format"], Task(document["task"]))
    found = {CARD: card(document), CROISSANT: _pretty(croissant(document))}
    if document["leaks"] is not None:
        found[CERTIFICATE] = _pretty(certificate(document, form))
    return found


def _pretty(document: Json) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
