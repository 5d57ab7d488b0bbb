"""Start the app: Streamlit on 127.0.0.1, in this process's place."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from curation.errors import TamisError
from labeling.resources import resource


def serve(workspace: Path, port: int) -> NoReturn:
    """Become the app on a workspace. Raises TamisError where the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TamisError(
                f"Port {port} is in use.", f"Stop what uses it, or add --port {port + 1}."
            ) from error
    sys.stderr.write(f"Tamis: http://127.0.0.1:{port}  (Ctrl+C stops it)\n")
    sys.stderr.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(resource("app.py"))]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    # In this process's place, so that what ends it ends the app, and no orphan holds the workspace.
    os.execve(sys.executable, command, {**os.environ, "TAMIS_WORKSPACE": str(workspace)})
