"""A workspace: one folder with the database, the decision journal, the vectors and the exports."""

from __future__ import annotations

import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import duckdb
import polars as pl

from curation.detectors.schema import check_schema
from curation.errors import DatasetNotFound, JournalDamaged, WorkspaceNotFound, WrongUse
from curation.records import Dataset, Json, Settings, Task, canonical_json
from curation.store import Store, insert_frame

DATABASE = "tamis.duckdb"
JOURNAL = "decisions.jsonl"
T = TypeVar("T")
_REMEMBERED = 16
_WITNESSED = (
    "op_id",
    "dataset_id",
    "example_id",
    "annotator",
    "action",
    "value",
    "comment",
    "about",
)


class Workspace:
    """An open workspace. Close it, or use it as a context manager: one process holds it."""

    def __init__(self, path: Path, store: Store) -> None:
        """Prefer `create`, `open` or `open_or_create`."""
        self.path = path
        self.store = store
        self._remembered: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make a new workspace. Raises WrongUse if there is one at `path` already."""
        folder = Path(path).expanduser().resolve()
        if (folder / DATABASE).exists():
            raise WrongUse(f"{folder} is a workspace already.", "Open it instead.")
        if folder.exists() and not folder.is_dir():
            raise WrongUse(f"{folder} is a file.", "Choose a folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongUse(
                f"{folder} cannot be made: {error.strerror}.", "Choose a folder that you may write."
            ) from error
        return cls(folder, Store(folder / DATABASE, folder / JOURNAL))

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing workspace. Raises WorkspaceNotFound, WorkspaceBusy or StoreFailed."""
        folder = Path(path).expanduser().resolve()
        if not (folder / DATABASE).exists():
            raise WorkspaceNotFound(
                f"There is no Tamis workspace in {folder}.",
                f"Make one with: tamis init {folder}",
            )
        return cls(folder, Store(folder / DATABASE, folder / JOURNAL))

    @classmethod
    def open_or_create(cls, path: Path | str) -> Self:
        """Open the workspace at `path`, making it first where there is none."""
        exists = (Path(path).expanduser().resolve() / DATABASE).exists()
        return cls.open(path) if exists else cls.create(path)

    @property
    def vectors(self) -> Path:
        """Folder of the embedding cache."""
        return self.path / "vectors"

    @property
    def jobs(self) -> Path:
        """Folder in which the worker reads its input and leaves its results."""
        return self.path / "jobs"

    @property
    def exports(self) -> Path:
        """Folder in which the app writes exports."""
        return self.path / "exports"

    def datasets(self) -> list[Dataset]:
        """All datasets, oldest first."""
        rows = self.store.read("SELECT * FROM dataset ORDER BY created_at, name")
        return [_dataset(row) for row in rows.iter_rows(named=True)]

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name. Raises DatasetNotFound naming those there are."""
        found = self.store.read("SELECT * FROM dataset WHERE name = $name", {"name": name})
        if found.is_empty():
            names = ", ".join(dataset.name for dataset in self.datasets()) or "none yet"
            raise DatasetNotFound(
                f"There is no dataset '{name}' in {self.path}.", f"There is: {names}."
            )
        return _dataset(found.row(0, named=True))

    def create_dataset(
        self,
        name: str,
        task: Task,
        *,
        guidelines: str = "",
        output_schema: Json | None = None,
        settings: Settings | None = None,
    ) -> Dataset:
        """Add an empty dataset.

        Raises WrongUse if the name is blank or taken, or the schema cannot be used.
        """
        name = name.strip()
        if not name:
            raise WrongUse("A dataset needs a name.", "Choose a short one, such as 'tickets'.")
        if output_schema is not None:
            check_schema(output_schema)
        settings = settings or Settings()
        dataset = Dataset(uuid.uuid4().hex[:12], name, task, guidelines, output_schema, settings)

        def insert(cursor: duckdb.DuckDBPyConnection) -> None:
            taken = cursor.execute("SELECT 1 FROM dataset WHERE name = $1", [name]).fetchone()
            if taken:
                raise WrongUse(f"There is a dataset '{name}' already.", "Choose another name.")
            insert_frame(cursor, "dataset", pl.DataFrame([_row(dataset)], schema=_SCHEMA))

        self.store.write(insert)
        return dataset

    def update_dataset(
        self, dataset: Dataset, *, guidelines: str | None = None, settings: Settings | None = None
    ) -> Dataset:
        """Change guidelines or settings; returns the dataset as it is now."""
        new_guidelines = dataset.guidelines if guidelines is None else guidelines
        new_settings = settings or dataset.settings

        def update(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute(
                "UPDATE dataset SET guidelines = $1, settings = $2 WHERE dataset_id = $3",
                [new_guidelines, canonical_json(asdict(new_settings)), dataset.dataset_id],
            )

        self.store.write(update)
        return self.dataset(dataset.name)

    def labels(self, dataset: Dataset) -> pl.DataFrame:
        """The label set: `name`, `description`, in alphabetical order."""
        return self.store.read(
            "SELECT name, description FROM label WHERE dataset_id = $dataset ORDER BY name",
            {"dataset": dataset.dataset_id},
        )

    def describe_labels(self, dataset: Dataset, descriptions: Mapping[str, str]) -> None:
        """Say what labels mean: name → description, shown on the review card."""

        def update(cursor: duckdb.DuckDBPyConnection) -> None:
            for name, description in descriptions.items():
                cursor.execute(
                    "UPDATE label SET description = $1 WHERE dataset_id = $2 AND name = $3",
                    [description, dataset.dataset_id, name],
                )

        self.store.write(update)

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result of `compute` for `key`, kept in memory; the oldest results make room.

        The key must name everything the result depends on.
        """
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                known: T = self._remembered[key]
                return known
        result = compute()
        with self._lock:
            self._remembered[key] = result
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return result

    def verify(self) -> list[str]:
        """Check the journal's chain and the database against it; the problems found, in words."""
        try:
            journal = {entry.seq: entry.payload for entry in self.store.journal.entries()}
        except JournalDamaged as error:
            return [error.for_people()]
        problems = []
        for row in self.store.read("SELECT * FROM decision ORDER BY seq").iter_rows(named=True):
            if row["seq"] not in journal:
                problems.append(f"Decision {row['seq']} is in the database, not in the journal.")
                continue
            payload = journal.pop(row["seq"])
            if payload is not None and any(row[name] != payload[name] for name in _WITNESSED):
                problems.append(f"Decision {row['seq']} differs between database and journal.")
        problems += [f"Decision {seq} is in the journal, not in the database." for seq in journal]
        return problems

    def close(self) -> None:
        """Finish waiting writes and release the workspace."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_SCHEMA = pl.Schema(
    {
        "dataset_id": pl.String(),
        "name": pl.String(),
        "task": pl.String(),
        "guidelines": pl.String(),
        "output_schema": pl.String(),
        "settings": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
    }
)


def _row(dataset: Dataset) -> dict[str, Any]:
    schema = dataset.output_schema
    return {
        "dataset_id": dataset.dataset_id,
        "name": dataset.name,
        "task": str(dataset.task),
        "guidelines": dataset.guidelines,
        "output_schema": None if schema is None else canonical_json(schema),
        "settings": canonical_json(asdict(dataset.settings)),
        "created_at": datetime.now(UTC),
    }


def _dataset(row: dict[str, Any]) -> Dataset:
    return Dataset(
        dataset_id=row["dataset_id"],
        name=row["name"],
        task=Task(row["task"]),
        guidelines=row["guidelines"],
        output_schema=json.loads(row["output_schema"]) if row["output_schema"] else None,
        settings=Settings(**json.loads(row["settings"])),
    )
