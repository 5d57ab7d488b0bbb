"""A Ray cluster to work on: that of an address, or one of our own for the time of the work."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curation.errors import TamisError
from curation.records import Json

_LOOPBACK = "127.0.0.1"
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""As Ray is on these systems: a cluster of one machine, all of whose ports listen on loopback. Else
it turns 127.0.0.1 into the address that other machines see. It asks when it is first imported."""


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster at `address`.

    Without an address one is started on this machine, with so many workers (None: one per core),
    and ended with all its files, whatever happens. It wants a token of everyone who speaks to it,
    new each time. What goes wrong in the cluster is raised as a TamisError, one raised by a task as
    itself. Raises TamisError where Ray is not installed or does not connect.
    """
    scratch = None
    options: Json = {"address": address}
    if address is None:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32), **_ALONE)
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        scratch = tempfile.mkdtemp(prefix="tamis-ray-")
        options = {
            "num_cpus": workers,
            "include_dashboard": False,
            "_node_ip_address": _LOOPBACK,
            "_temp_dir": scratch,
        }
    ray = _ray()
    try:
        with _plain_errors(ray):
            ray.init(**options, logging_level=logging.CRITICAL, log_to_driver=False)
            if address is None and ray.util.get_node_ip_address() != _LOOPBACK:
                raise TamisError(
                    "Ray would listen to other machines.",
                    "This process has used Ray before: start a new one, or give an address.",
                )
            context = ray.data.DataContext.get_current()
            context.enable_progress_bars = context.print_on_execution_start = False
            context.raise_original_map_exception = True
            context.shuffle_compression = "none"  # vectors do not compress
            yield ray
    finally:
        ray.shutdown()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def _ray() -> Any:
    """The module `ray`, which then says nothing on the terminal."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_DATA_DISABLE_PROGRESS_BARS="1")
    try:
        import ray  # noqa: PLC0415 (an extra)
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise TamisError(
            "Ray is not installed.", "Install it: pip install 'tamis[distributed]'"
        ) from error
    for name in ("ray", "ray.data"):
        for handler in list(logging.getLogger(name).handlers):
            if "Session" not in type(handler).__name__:
                logging.getLogger(name).removeHandler(handler)
    return ray


@contextmanager
def _plain_errors(ray: Any) -> Iterator[None]:
    from ray.data.exceptions import SystemException  # noqa: PLC0415 (an extra)

    try:
        yield
    except (ray.exceptions.RayError, SystemException, ConnectionError) as error:
        raise _plain(ray, error) from error


def _plain(ray: Any, error: BaseException) -> TamisError:
    """What a task raised, or what became of the cluster, in words."""
    seen: list[BaseException] = [error]
    for one in seen:
        # What Ray raises is of both kinds and speaks in tracebacks; its cause is the original.
        if isinstance(one, TamisError) and not isinstance(one, ray.exceptions.RayError):
            return one
        for inner in (getattr(one, "cause", None), one.__cause__, one.__context__):
            if isinstance(inner, BaseException) and inner not in seen:
                seen.append(inner)
    hint = "Look at the logs of the cluster."
    if any(isinstance(one, ray.exceptions.OutOfMemoryError) for one in seen):
        hint = "Give each worker more memory, or use fewer workers."
    if isinstance(error, ConnectionError):
        hint = "Check the address, and that the cluster's token is in RAY_AUTH_TOKEN."
    words = [line.strip() for one in seen for line in str(one).splitlines() if line.strip()]
    return TamisError(f"The cluster failed: {(words or [type(error).__name__])[-1]}", hint)
