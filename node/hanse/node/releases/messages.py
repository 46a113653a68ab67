"""Where the messages of an Arrow IPC stream lie: the seams along which its bytes may be cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The end-of-stream marker (Arrow columnar format, encapsulated message format)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One record batch of a stream as a range of its bytes."""

    offset: int
    length: int


def messages_of(path: Path) -> tuple[int, tuple[Message, ...]]:
    """Return how many bytes precede the first record batch, and every record batch in order."""
    with pa.memory_map(str(path)) as file:
        return _found(file)


def tail_of(stream: bytes) -> tuple[bytes, bytes]:
    """Split a stream in memory into its head (schema, dictionaries) and its record batches."""
    head, found = _found(pa.BufferReader(stream))
    end = found[-1].offset + found[-1].length if found else head
    return stream[:head], stream[head:end]


def _found(file: pa.NativeFile) -> tuple[int, tuple[Message, ...]]:
    head = 0
    found: list[Message] = []
    for kind, offset, length in _walk(file):
        if kind == "record batch":
            found.append(Message(offset, length))
        else:
            head = offset + length
    return head, tuple(found)


def _walk(file: pa.NativeFile) -> Iterator[tuple[str, int, int]]:
    reader = pa.ipc.MessageReader.open_stream(file)
    offset = 0
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        end = file.tell()
        yield message.type, offset, end - offset
        offset = end
