"""Write the cases beside this file, or into a folder that is named; `--all`: the large ones too."""

import sys
from pathlib import Path

from tests.exports.defects.publish import HERE, publish

names = [name for name in sys.argv[1:] if name != "--all"]
publish(Path(names[0]) if names else HERE, all_files="--all" in sys.argv)
