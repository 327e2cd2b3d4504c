"""Values that are read once a request."""

from lib.request_values import is_sharing, read_once, share_values

calls: list[tuple[int, int]] = []


@read_once
def add(first: int, *, second: int = 0) -> int:
    calls.append((first, second))
    return first + second


def test_value_is_read_once_for_each_set_of_arguments_until_the_end():
    calls.clear()
    with share_values():
        assert is_sharing()
        assert [add(1), add(1), add(1, second=2), add(2), add(1, second=2)] == [1, 1, 3, 2, 3]
    assert not is_sharing()
    assert calls == [(1, 0), (1, 2), (2, 0)]
    with share_values():
        add(1)
    assert len(calls) == 4


def test_value_is_read_each_time_outside():
    calls.clear()
    assert (add(1), add(1)) == (1, 1)
    assert len(calls) == 2


def test_nothing_is_kept_of_a_failed_block():
    calls.clear()
    try:
        with share_values():
            add(1)
            raise ValueError
    except ValueError:
        add(1)
    assert len(calls) == 2
    assert not is_sharing()
