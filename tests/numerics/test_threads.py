"""Work on threads, in order."""

from __future__ import annotations

import threading

import pytest

from actcli.numerics.threads import in_order


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_come_in_order_and_a_lone_item_starts_no_thread(count: int, threads: int) -> None:
    """A thousand files of one block each are a thousand pools otherwise."""
    found = [*in_order(lambda i: (i, threading.current_thread()), range(count), threads)]
    assert [i for i, _ in found] == [*range(count)]
    here = {thread for _, thread in found} <= {threading.main_thread()}
    assert here == (count < 2 or threads == 1)
