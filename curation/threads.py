"""How many threads there are to use, and work spread over them in order.

One thread of BLAS for each worker: two workers with a batch each are faster than two threads that
share every batch, since these wait for one another at the end of each operation.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from curation.errors import WrongUse

VARIABLE = "TAMIS_THREADS"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def count() -> int:
    """Threads to use: TAMIS_THREADS, or else the cores that this process may run on.

    Raises WrongUse where the variable is not a whole number from 1 on.
    """
    wanted = os.environ.get(VARIABLE, "").strip()
    if not wanted:
        allowed = getattr(os, "sched_getaffinity", None)  # not on every system
        return len(allowed(0)) if allowed else os.cpu_count() or 1
    if not wanted.isascii() or not wanted.isdigit() or int(wanted) == 0:
        raise WrongUse(
            f"{VARIABLE} is '{wanted}', which is no number of threads.",
            "Set it to a whole number from 1 on, or leave it unset to use every core.",
        )
    return int(wanted)


def environment() -> dict[str, str]:
    """Variables that hold the numeric libraries of a subprocess to TAMIS_THREADS; none if unset.

    They are read once, when a library is loaded, so they must be set before the process starts.
    """
    if not os.environ.get(VARIABLE, "").strip():
        return {}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    return dict.fromkeys(names, str(count()))


def in_order(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    start: Callable[[], None] | None = None,
) -> Iterator[_Result]:
    """Yield `work(item)` in the order of the items, on `count()` threads.

    `start` runs first in each of them. Items are drawn in the caller's thread, two for each thread
    ahead of the result that is yielded: what makes them goes on beside the work. Once the iterator
    is closed no further item is begun.
    """
    threads = count()
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads, initializer=start) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
