"""Training files with one known defect each, and valid files of every shape.

`python -m tests.exports.defects` writes them out beside this file, with `index.json` and a README.
"""

from tests.exports.defects.columns import COLUMNS
from tests.exports.defects.conversations import CONVERSATIONS
from tests.exports.defects.kit import Case
from tests.exports.defects.lines import LINES
from tests.exports.defects.valid import VALID

DEFECTS = [*LINES, *COLUMNS, *CONVERSATIONS]

__all__ = ["DEFECTS", "VALID", "Case"]
