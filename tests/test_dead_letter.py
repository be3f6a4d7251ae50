"""Dead letters read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.dead_letter import put_back, read_dead_letter
from consumer.encode import ERROR_PREFIX, encode_dead_letter
from consumer.records import Headers, Position, Reason, Record, Reject, Stage
from tests.doubles import record

FAILED_AT = 1_763_805_600.123


def dead(source: Record, offset: int = 9) -> Record:
    """The record that the consumer writes for a source record."""
    reject = Reject(source, Stage.SCORE, Reason.SCORER_FAILED, "it failed", "RuntimeError")
    message = encode_dead_letter(reject, "group", "7", FAILED_AT)
    return Record(
        "dead", source.partition, offset, source.timestamp_ms, source.key, source.value, message.headers
    )


def test_what_was_written_is_read() -> None:
    """Each fact comes back as it was."""
    found = read_dead_letter(dead(record(b"x", 42, partition=3)))
    assert found.source == Position("tweets", 3, 42)
    assert (found.stage, found.reason, found.message) == ("score", "scorer_failed", "it failed")
    assert (found.attempt, found.group, found.model_version) == (1, "group", "7")
    assert found.failed_at == pytest.approx(FAILED_AT)


@given(
    headers=st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), max_size=4).map(
        tuple
    ),
    key=st.none() | st.binary(max_size=8),
    value=st.none() | st.binary(max_size=8),
)
def test_what_goes_back_is_what_came(headers: Headers, key: bytes | None, value: bytes | None) -> None:
    """As it was, and the number of attempts; dead-lettered again, that number is one higher."""
    source = record(value, 42, partition=3, key=key, headers=headers)
    back = put_back(read_dead_letter(dead(source)))
    assert (back.value, back.source.key, back.source.partition) == (value, key, 3)
    assert back.source.timestamp_ms == source.timestamp_ms
    assert back.headers == (*headers, (f"{ERROR_PREFIX}attempt", b"1"))
    again = read_dead_letter(dead(record(value, 43, partition=3, key=key, headers=back.headers)))
    assert again.attempt == 2
    assert put_back(again).headers == (*headers, (f"{ERROR_PREFIX}attempt", b"2"))


def test_what_a_publisher_planted_does_not_decide_where_a_record_goes() -> None:
    """Headers are copied from the input; the consumer's own come last, and count."""
    planted = ((f"{ERROR_PREFIX}topic", b"payments"), (f"{ERROR_PREFIX}partition", b"9"))
    found = read_dead_letter(dead(record(headers=planted)))
    assert found.source == Position("tweets", 0, 0)
    assert [name for name, _ in put_back(found).headers] == [f"{ERROR_PREFIX}attempt"]


@given(
    said=st.dictionaries(
        st.sampled_from(["topic", "partition", "offset", "attempt", "timestamp", "stage"]),
        st.none()
        | st.binary(max_size=30)
        | st.sampled_from([b"1", b"-1", "²".encode(), b"9" * 5_000, b"2026-01-01"]),
    )
)
def test_any_header_is_read_without_fail(said: dict[str, bytes | None]) -> None:
    """A dead-letter topic may hold anybody's records; those that do not say where they came from stay."""
    headers = tuple((ERROR_PREFIX + name, value) for name, value in said.items())
    found = read_dead_letter(record(headers=headers))
    if found.source is None:
        with pytest.raises(ValueError, match="does not say"):
            put_back(found)
    else:
        assert 0 <= found.source.partition < 10**18
