"""Work on blocks is spread over threads; what is computed with them, see test_similarity.py."""

import pytest
from threadpoolctl import threadpool_info

from curation.blocks import spread


def test_work_is_spread_in_order_and_blas_gets_its_threads_back() -> None:
    before = [library["num_threads"] for library in threadpool_info()]
    inside = list(
        spread(
            lambda item: (
                item,
                max(x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"),
            ),
            range(20),
        )
    )
    assert inside == [(item, 1) for item in range(20)]
    assert [library["num_threads"] for library in threadpool_info()] == before


def test_an_error_in_the_work_is_raised() -> None:
    def fail(item: int) -> int:
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        list(spread(fail, range(3)))
