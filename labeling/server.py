"""Start the app: Streamlit on 127.0.0.1, in this process's place."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from curation.errors import TamisError
from labeling.resources import resource


def serve(workspace: Path, port: int) -> int:
    """Run the app on a workspace until it is stopped; returns its exit code."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TamisError(
                f"Port {port} is in use.", f"Stop what uses it, or add --port {port + 1}."
            ) from error
    sys.stderr.write(f"Tamis: http://127.0.0.1:{port}  (Ctrl+C stops it)\n")
    command = [sys.executable, "-m", "streamlit", "run", str(resource("app.py"))]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "TAMIS_WORKSPACE": str(workspace)})
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0
