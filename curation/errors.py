"""Every message a person may see when something goes wrong, with what to do next."""

from __future__ import annotations


class TamisError(Exception):
    """Base of all errors meant for people.

    `str(error)` is one or two sentences: what happened and where; `hint` says how to mend it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def for_people(self) -> str:
        """Message and hint as one text."""
        return f"{self} {self.hint}".strip()


class WrongUse(TamisError):
    """The caller asked for something that cannot be: unknown name, bad option. CLI exit code 2."""


class WorkspaceNotFound(WrongUse):
    """No workspace at the given path."""


class WorkspaceBusy(TamisError):
    """Another process holds the workspace."""


class DatasetNotFound(WrongUse):
    """No dataset of that name."""


class UnreadableFile(TamisError):
    """A file as a whole cannot be imported."""


class MappingError(WrongUse):
    """A column mapping names a column that the file does not have, or lacks a needed one."""


class ModelUnavailable(TamisError):
    """The embedding model cannot be loaded, or its weights are not the expected ones."""


class WorkerFailed(TamisError):
    """The analysis subprocess ended with an error."""


class Cancelled(TamisError):
    """A job was stopped by a person; what it had finished is kept."""


class StoreFailed(TamisError):
    """The store can no longer promise durability and must be reopened."""


class JournalDamaged(TamisError):
    """The decision journal does not verify."""


class NothingToExport(WrongUse):
    """No example is left for an export."""
