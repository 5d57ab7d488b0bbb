"""`streamlit run app.py`, which on SIGUSR1 writes the names of its loaded modules to a file."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from streamlit.web.cli import main

PORT, MODULES = sys.argv[1:3]


def write_modules(*_: object) -> None:
    """Write all module names, then rename into place."""
    partial = Path(MODULES + ".partial")
    partial.write_text("\n".join(sorted(sys.modules)))
    partial.rename(MODULES)


signal.signal(signal.SIGUSR1, write_modules)
app = str(Path(__file__).parents[2] / "app.py")
sys.argv = ["streamlit", "run", app, "--server.address", "127.0.0.1", "--server.port", PORT]
os.environ.setdefault("TAMIS_WORKSPACE", "workspace")
main()
