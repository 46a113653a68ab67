"""A Merkle tree over entries: roots, and proofs that something is in it and that it only grew.

RFC 6962 §2.1 (hashes, proofs), RFC 9162 §2.1.3.2 and §2.1.4.2 (verification), SHA-256. What is
kept of a tree is handed in as `Nodes`, so nothing here knows where it lives. Verification answers
yes or no and never raises on what a stranger sent.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

HASH_BYTES: Final = 32
PROOF_MAX: Final = 64
"""More hashes than a proof over 2**63 entries holds."""

Nodes = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree at (level, position): 2**level leaves from position on."""

Grown = tuple[int, int, bytes]
"""A subtree that became complete: level, position, hash."""


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of an entry (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without entries."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree's right edge: the complete subtrees that `size` leaves fall apart into, largest first.

    Enough to append to the tree and to know its root; log2(size) hashes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        if not self.hashes:
            return EMPTY
        *rest, root = self.hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root

    def grown(self, leaves: Iterable[bytes]) -> tuple["Frontier", list[Grown]]:
        """Return the frontier after these leaf hashes, and every subtree they complete."""
        size, edge, complete = self.size, list(self.hashes), list[Grown]()
        for leaf in leaves:
            edge.append(leaf)
            complete.append((0, size, leaf))
            size += 1
            for level in range(1, (size & -size).bit_length()):
                right = edge.pop()
                edge[-1] = node_hash(edge[-1], right)
                complete.append((level, (size >> level) - 1, edge[-1]))
        return Frontier(size, tuple(edge)), complete


def frontier(size: int, nodes: Nodes) -> Frontier:
    """Return the right edge of the tree at an earlier or the present size."""
    found, start = list[bytes](), 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append(nodes(level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(found))


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree's first `size` entries."""
    return frontier(size, nodes).root


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """Return the subtrees of leaf hashes held in memory."""
    _, complete = Frontier().grown(leaves)
    held = {(level, position): digest for level, position, digest in complete}
    return lambda level, position: held[level, position]


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that entry `index` is among the first `size` (RFC 6962 §2.1.1).

    Raises `ValueError` where it is not.
    """
    if not 0 <= index < size:
        raise ValueError("index")
    proof, start, stop = list[bytes](), 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(_hash(middle, stop, nodes))
            stop = middle
        else:
            proof.append(_hash(start, middle, nodes))
            start = middle
    return proof[::-1]


def consistency(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of `size` extends that of `old` (RFC 6962 §2.1.2).

    Empty for equal sizes and for the empty tree. Raises `ValueError` for an old size beyond it.
    """
    if not 0 <= old <= size:
        raise ValueError("size")
    if old in (0, size):
        return []
    proof, start, stop, whole = list[bytes](), 0, size, True
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(_hash(middle, stop, nodes))
            stop = middle
        else:
            proof.append(_hash(start, middle, nodes))
            start, whole = middle, False
    if not whole:  # the old tree is not one complete subtree that its root already names
        proof.append(_hash(start, stop, nodes))
    return proof[::-1]


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _hash(start: int, stop: int, nodes: Nodes) -> bytes:
    """Return the hash over leaves [start, stop), where start is where such a subtree may begin."""
    shift = frontier(stop - start, lambda level, at: nodes(level, at + (start >> level)))
    return shift.root


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Say whether a proof shows the leaf at `index` of the tree of that size and root."""
    if not 0 <= index < size or not _sane(proof):
        return False
    number, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = node_hash(each, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, each)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> bool:
    """Say whether a proof shows that the tree of `size` and `root` extends that of `old`."""
    if not 0 <= old <= size or not _sane(proof):
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    return bool(path) and _extends(old - 1, size - 1, path) == (old_root, root)


def _extends(number: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return both roots that a path leads to; None where its length is wrong."""
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return None
        if number & 1 or number == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, each)
        number, last = number >> 1, last >> 1
    return (before, after) if last == 0 else None


def _sane(proof: Sequence[bytes]) -> bool:
    return len(proof) <= PROOF_MAX and all(len(each) == HASH_BYTES for each in proof)
