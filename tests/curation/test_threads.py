"""How many threads there are, and work in order on them."""

import os
import threading

import pytest

from curation import threads
from curation.errors import WrongUse


def test_the_variable_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", " 3 ")
    assert threads.count() == 3
    assert set(threads.environment().values()) == {"3"}
    assert "OMP_NUM_THREADS" in threads.environment()


@pytest.mark.parametrize("unset", [None, ""])
def test_without_it_every_core_is_used(unset: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAMIS_THREADS", raising=False)
    if unset is not None:
        monkeypatch.setenv("TAMIS_THREADS", unset)
    assert 1 <= threads.count() <= (os.cpu_count() or 1)
    assert threads.environment() == {}


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5", "²"])
def test_what_is_no_number_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", wrong)
    with pytest.raises(WrongUse, match="TAMIS_THREADS") as caught:
        threads.count()
    assert "whole number" in caught.value.hint


def test_results_come_in_order_from_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", "2")
    both = threading.Barrier(2)

    def work(number: int) -> int:
        both.wait(timeout=30)  # passes only where two work at once
        return number * number

    assert list(threads.in_order(work, range(6))) == [0, 1, 4, 9, 16, 25]


def test_items_are_drawn_a_little_ahead_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", "2")
    drawn: list[int] = []

    def items() -> object:
        for number in range(100):
            drawn.append(number)
            yield number

    results = threads.in_order(str, items())  # type: ignore[arg-type]
    assert next(results) == "0"
    assert len(drawn) == 5
    results.close()
    assert len(drawn) == 5


def test_an_error_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        list(threads.in_order(lambda number: 1 // number, [1, 0, 1]))


def test_each_thread_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THREADS", "1")
    ready: list[int] = []
    list(threads.in_order(str, range(5), lambda: ready.append(threading.get_ident())))
    assert len(ready) == 1
    assert ready[0] != threading.get_ident()
