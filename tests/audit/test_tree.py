"""The tree against a naive reading of RFC 6962, its published vectors, and forgeries."""

import hashlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.audit.tree import (
    EMPTY,
    PROOF_MAX,
    Frontier,
    consistency,
    frontier,
    inclusion,
    leaf_hash,
    nodes_of,
    root,
    verify_consistency,
    verify_inclusion,
)

SIZES = 130
FORGED = 20_000

VECTOR = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def naive_root(data: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) word for word as RFC 6962 §2.1 has it."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return data[0]
    half = 1
    while half * 2 < len(data):
        half *= 2
    both = naive_root(data[:half]) + naive_root(data[half:])
    return hashlib.sha256(b"\x01" + both).digest()


def naive_path(index: int, data: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D[n]) of RFC 6962 §2.1.1."""
    if len(data) == 1:
        return []
    half = 1
    while half * 2 < len(data):
        half *= 2
    if index < half:
        return [*naive_path(index, data[:half]), naive_root(data[half:])]
    return [*naive_path(index - half, data[half:]), naive_root(data[:half])]


def naive_subproof(old: int, data: Sequence[bytes], whole: bool) -> list[bytes]:
    """Return SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2."""
    if old == len(data):
        return [] if whole else [naive_root(data)]
    half = 1
    while half * 2 < len(data):
        half *= 2
    if old <= half:
        return [*naive_subproof(old, data[:half], whole), naive_root(data[half:])]
    return [*naive_subproof(old - half, data[half:], False), naive_root(data[:half])]


def test_the_vectors_of_the_rfc_hold() -> None:
    data = [leaf_hash(bytes.fromhex(each)) for each in VECTOR]
    roots = [root(size, nodes_of(data[:size])).hex() for size in range(1, 9)]
    assert roots == VECTOR_ROOTS
    assert root(0, nodes_of([])) == EMPTY


def test_every_proof_of_every_size_is_the_naive_one_and_holds() -> None:
    data = leaves(SIZES)
    nodes = nodes_of(data)
    roots = [naive_root(data[:size]) for size in range(SIZES + 1)]
    proven = 0
    for size in range(1, SIZES + 1):
        assert root(size, nodes) == roots[size]
        for index in range(size):
            path = inclusion(index, size, nodes)
            assert path == naive_path(index, data[:size])
            assert verify_inclusion(data[index], index, size, path, roots[size])
            old = index + 1
            extends = consistency(old, size, nodes)
            assert extends == naive_subproof(old, data[:size], True)
            assert verify_consistency(old, size, extends, roots[old], roots[size])
            proven += 2
    assert proven == SIZES * (SIZES + 1)


@given(st.integers(1, 1 << 12), st.data())
@settings(max_examples=25, deadline=None)
def test_proofs_hold_at_larger_sizes(size: int, data: st.DataObject) -> None:
    held = leaves(size)
    nodes, index = nodes_of(held), data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    whole = root(size, nodes)
    assert verify_inclusion(held[index], index, size, inclusion(index, size, nodes), whole)
    proof = consistency(old, size, nodes)
    assert verify_consistency(old, size, proof, root(old, nodes), whole)


def test_no_forged_proof_holds() -> None:
    chance = random.Random(20261123)  # noqa: S311 forgeries, not secrets
    data = leaves(SIZES)
    nodes = nodes_of(data)
    roots = [root(size, nodes) for size in range(SIZES + 1)]
    for _ in range(FORGED):
        size = chance.randint(2, SIZES)
        index = chance.randrange(size)
        proof = inclusion(index, size, nodes)
        kind = chance.randrange(5)
        leaf, told = data[index], index
        if kind == 0:
            proof[chance.randrange(len(proof))] = chance.randbytes(32)
        elif kind == 1:
            del proof[chance.randrange(len(proof))]
        elif kind == 2:
            proof.insert(chance.randrange(len(proof) + 1), chance.randbytes(32))
        elif kind == 3:
            told = (index + chance.randrange(1, size)) % size
        else:
            leaf = chance.randbytes(32)
        assert not verify_inclusion(leaf, told, size, proof, roots[size])


def test_no_forged_consistency_holds() -> None:
    chance = random.Random(20261124)  # noqa: S311 forgeries, not secrets
    data = leaves(SIZES)
    nodes = nodes_of(data)
    roots = [root(size, nodes) for size in range(SIZES + 1)]
    for _ in range(FORGED // 4):
        size = chance.randint(2, SIZES)
        old = chance.randint(1, size - 1)
        proof = consistency(old, size, nodes)
        before, after = roots[old], roots[size]
        kind = chance.randrange(5)
        if kind == 0:
            proof[chance.randrange(len(proof))] = chance.randbytes(32)
        elif kind == 1:
            del proof[chance.randrange(len(proof))]
        elif kind == 2:
            proof.insert(chance.randrange(len(proof) + 1), chance.randbytes(32))
        elif kind == 3:
            before = chance.randbytes(32)
        else:
            after = chance.randbytes(32)
        assert not verify_consistency(old, size, proof, before, after)


ONE, TWO = leaves(2)


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [(2, 2, [ONE]), (-1, 2, [ONE]), (0, 0, []), (0, 2, [ONE[:31]]), (0, 2, [ONE] * (PROOF_MAX + 1)),
     (0, 1, [ONE]), (0, 3, [TWO])],
)  # fmt: skip
def test_an_odd_inclusion_proof_is_no_proof(index: int, size: int, proof: list[bytes]) -> None:
    assert not verify_inclusion(ONE, index, size, proof, root(2, nodes_of([ONE, TWO])))


@pytest.mark.parametrize(
    ("old", "size", "proof", "before", "after", "holds"),
    [
        (2, 2, [], ONE, ONE, True),
        (2, 2, [], ONE, TWO, False),
        (2, 2, [ONE], ONE, ONE, False),
        (0, 2, [], EMPTY, ONE, True),
        (0, 2, [], ONE, ONE, False),
        (0, 2, [ONE], EMPTY, ONE, False),
        (0, 0, [], EMPTY, EMPTY, True),
        (3, 2, [], ONE, ONE, False),
        (-1, 2, [], ONE, ONE, False),
        (3, 4, [], ONE, ONE, False),
        (1, 2, [ONE[:5]], ONE, ONE, False),
        (1, 2, [TWO, TWO], ONE, ONE, False),
    ],
)
def test_the_edges_of_consistency(
    old: int, size: int, proof: list[bytes], before: bytes, after: bytes, holds: bool
) -> None:
    assert verify_consistency(old, size, proof, before, after) is holds


def test_a_power_of_two_starts_with_its_own_root() -> None:
    nodes = nodes_of(leaves(7))
    assert len(consistency(4, 7, nodes)) == 1
    assert len(consistency(3, 7, nodes)) == 4


@pytest.mark.parametrize("index", [-1, 3])
def test_what_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(ValueError, match="index"):
        inclusion(index, 3, nodes_of(leaves(3)))


@pytest.mark.parametrize("old", [-1, 4])
def test_a_size_that_never_was_has_no_proof(old: int) -> None:
    with pytest.raises(ValueError, match="size"):
        consistency(old, 3, nodes_of(leaves(3)))


@given(st.lists(st.integers(0, 40), max_size=8))
def test_growing_in_steps_is_growing_at_once(steps: list[int]) -> None:
    data, edge, complete = leaves(sum(steps)), Frontier(), []
    for step in steps:
        edge, more = edge.grown(data[edge.size : edge.size + step])
        complete += more
    held = {(level, position): digest for level, position, digest in complete}
    assert edge.root == naive_root(data)
    assert frontier(len(data), lambda level, position: held[level, position]) == edge
