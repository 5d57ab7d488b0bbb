"""Start the app: Streamlit on 127.0.0.1, in this process."""

from __future__ import annotations

import os
import runpy
import socket
import sys
from pathlib import Path
from typing import NoReturn

from curation.errors import TamisError
from curation.workspace import Workspace
from labeling.resources import resource

_held: dict[Path, Workspace] = {}


def serve(workspace: Path, port: int) -> NoReturn:
    """Become the app on a workspace, which is taken from now on, before anybody visits a page.

    Raises TamisError where the port is taken, WorkspaceNotFound or WorkspaceBusy.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TamisError(
                f"Port {port} is in use.", f"Stop what uses it, or add --port {port + 1}."
            ) from error
    opened = Workspace.open(workspace)
    _held[opened.path] = opened
    os.environ["TAMIS_WORKSPACE"] = str(opened.path)
    sys.stderr.write(f"Tamis: http://127.0.0.1:{port}  (Ctrl+C stops it)\n")
    sys.stderr.flush()
    sys.argv = ["streamlit", "run", str(resource("app.py"))]
    sys.argv += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    # In this process, so that what ends it ends the app, and no orphan holds the workspace.
    runpy.run_module("streamlit", run_name="__main__")
    sys.exit()


def open_workspace(path: Path) -> Workspace:
    """The workspace that this process serves; another is opened, or made where there is none."""
    return _held.get(path) or Workspace.open_or_create(path)
