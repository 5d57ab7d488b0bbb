"""What the pipeline asks of the worker, and the folder in which they leave it for each other.

The folder holds `job.json` and `examples.parquet`; each step leaves its results there with a `.key`
file beside them, written last, so that a killed run resumes with the first step that has no key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from curation.records import Json, Settings, Task

STEPS = ("embed", "duplicates", "flags")


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do: `keys` maps each step to the key of its inputs."""

    folder: Path
    vectors: Path
    task: Task
    settings: Settings
    output_schema: Json | None
    keys: dict[str, str]

    def save(self) -> None:
        """Write `job.json` for the subprocess to load."""
        content = {
            "vectors": str(self.vectors),
            "task": str(self.task),
            "settings": asdict(self.settings),
            "output_schema": self.output_schema,
            "keys": self.keys,
        }
        (self.folder / "job.json").write_text(json.dumps(content), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Job:
        """Read what `save` wrote."""
        content = json.loads((folder / "job.json").read_text("utf-8"))
        return cls(
            folder=folder,
            vectors=Path(content["vectors"]),
            task=Task(content["task"]),
            settings=Settings(**content["settings"]),
            output_schema=content["output_schema"],
            keys=content["keys"],
        )

    def path(self, result: str) -> Path:
        """Parquet file of one result: `examples`, `pairs`, `flags` and so on."""
        return self.folder / f"{result}.parquet"

    def finished(self, step: str) -> bool:
        """True where the step's results are there for just these inputs."""
        key = self.folder / f"{step}.key"
        return key.exists() and key.read_text("utf-8") == self.keys[step]

    def mark_finished(self, step: str) -> None:
        """Record, last of all, that the step's results are whole."""
        write_atomically(
            self.folder / f"{step}.key", lambda path: path.write_text(self.keys[step], "utf-8")
        )


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, sync it and rename it into place."""
    partial = path.with_suffix(path.suffix + ".partial")
    write(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
