"""Hostile YAML: every row of the table loads as it reads, or is refused with line and column."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import Invalid
from hanse.messages import explain
from hanse.policies import yamlform

BILLION = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [" + ",".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 9)
)

REFUSED: dict[str, tuple[str | bytes, str]] = {
    "Y1 nine levels of aliases": (BILLION, "YAML_ANCHOR"),
    "Y2 equal keys at the top": ("a: 1\nb: 2\na: 3\n", "YAML_DUPLICATE"),
    "Y2 equal keys nested": ("x:\n  a: 1\n  a: 2\n", "YAML_DUPLICATE"),
    "Y2 equal keys in a flow map": ("x: {a: 1, a: 2}\n", "YAML_DUPLICATE"),
    "Y2 equal keys, one quoted": ('a: 1\n"a": 2\n', "YAML_DUPLICATE"),
    "Y3 python object": ("a: !!python/object/apply:os.system ['id']\n", "YAML_TAG"),
    "Y4 timestamp": ("a: !!timestamp x\n", "YAML_TAG"),
    "Y4 binary": ("a: !!binary aGk=\n", "YAML_TAG"),
    "Y4 set": ("a: !!set {x, y}\n", "YAML_TAG"),
    "Y4 local": ("a: !local x\n", "YAML_TAG"),
    "Y4 bare": ("a: ! 12\n", "YAML_TAG"),
    "Y4 tagged mapping": ("a: !!map {x: y}\n", "YAML_TAG"),
    "Y5 deep list": ("a: " + "[" * 5000, "YAML_DEPTH"),
    "Y5 deep map": ("a: " + "{x: " * 3000, "YAML_DEPTH"),
    "Y6 list in itself": ("a: &a [*a]\n", "YAML_ANCHOR"),
    "Y6 alias alone": ("a: *b\n", "YAML_ANCHOR"),
    "Y10 merge key": ("a: {x: 1}\nb:\n  <<: {y: 2}\n", "YAML_KEY"),
    "Y10 merge key quoted": ('b:\n  "<<": {y: 2}\n', "YAML_KEY"),
    "Y11 two documents": ("a: 1\n---\nb: 2\n", "YAML_DOCUMENTS"),
    "Y12 too many bytes": ("a: " + "x" * (yamlform.MAX_BYTES - 2), "YAML_SIZE"),
    "Y12 depth 13": ("a: " + "[" * 12 + "]" * 12, "YAML_DEPTH"),
    "Y12 long key": ("a: 1\n" + "k" * 10_000 + ": 1\n", "YAML_SYNTAX"),
    "Y12 key of 65": ("k" * 65 + ": 1\n", "YAML_KEY"),
    "Y12 explicit long key": ("? " + "k" * 10_000 + "\n: 1\n", "YAML_KEY"),
    "Y14 UTF-16": ("a: b\n".encode("utf-16"), "YAML_CHARACTER"),
    "Y14 BOM": ("\ufeffa: b\n", "YAML_CHARACTER"),
    "Y14 BOM as bytes": (b"\xef\xbb\xbfa: b\n", "YAML_CHARACTER"),
    "Y14 no character": ("a: b\uffff\n", "YAML_SYNTAX"),
    "Y14 NUL": ("a: b\x00c\n", "YAML_CHARACTER"),
    "Y14 NUL by escape": ('a: "b\\0c"\n', "YAML_CHARACTER"),
    "Y14 direction": ("a: b\u202ec\n", "YAML_CHARACTER"),
    "Y14 direction by escape": ('a: "b\\u202ec"\n', "YAML_CHARACTER"),
    "Y14 zero width": ("a: b\u200bc\n", "YAML_CHARACTER"),
    "Y14 not composed": ("a: cafe\u0301\n", "YAML_CHARACTER"),
    "Y14 not composed by escape": ('a: "cafe\\u0301"\n', "YAML_CHARACTER"),
    "Y14 lone surrogate": ("a: b\ud800\n", "YAML_CHARACTER"),
    "Y14 surrogate by escape": ('a: "\\ud800"\n', "YAML_CHARACTER"),
    "Y14 odd line end": ("a: b\u2028c: d\n", "YAML_CHARACTER"),
    "Y14 Cyrillic key": ("a: 1\n\u0430: 2\n", "YAML_KEY"),
    "Y15 tab indentation": ("a:\n\tb: 1\n", "YAML_SYNTAX"),
    "Y15 comment like a directive": ("# %YAML 1.1\na: 1\n", "YAML_DIRECTIVE"),
    "Y15 directive": ("%YAML 1.1\n---\na: 1\n", "YAML_DIRECTIVE"),
    "Y15 unknown directive": ("%FOO bar\n---\na: 1\n", "YAML_DIRECTIVE"),
    "Y16 number as key": ("1: x\n", "YAML_KEY"),
    "Y16 null as key": ("null: x\n", "YAML_KEY"),
    "Y16 tilde as key": ("~: x\n", "YAML_KEY"),
    "Y16 truth as key": ("true: x\n", "YAML_KEY"),
    "Y16 list as key": ("? [a]\n: x\n", "YAML_KEY"),
    "Y16 flow list as key": ("{[a]: x}\n", "YAML_KEY"),
    "Y16 empty key": ("? \n: x\n", "YAML_KEY"),
    "not a mapping": ("- a\n- b\n", "YAML_MAPPING"),
    "a scalar": ("hello\n", "YAML_MAPPING"),
    "nothing": ("", "YAML_MAPPING"),
    "only a comment": ("# nothing\n", "YAML_MAPPING"),
    "unclosed": ("a: [1, 2\n", "YAML_SYNTAX"),
}

ACCEPTED: dict[str, tuple[str | bytes, dict[str, object]]] = {
    "Y7 country codes": ("landen: [NO, BE]\n", {"landen": ["NO", "BE"]}),
    "Y8 a time": ("tijd: 22:22\n", {"tijd": "22:22"}),
    "Y8 octal": ("oct: 0123\n", {"oct": "0123"}),
    "Y8 a version": ("ver: 1.10\n", {"ver": "1.10"}),
    "Y8 a date": ("d: 2026-11-01\n", {"d": "2026-11-01"}),
    "Y8 on": ("on: yes\n", {"on": "yes"}),
    "Y9 integer and truth": (
        "n: 5\nt: true\nm: -7\nf: false\n",
        {"n": 5, "t": True, "m": -7, "f": False},
    ),
    "Y9 not integers": (
        "a: [5.0, 5e0, .inf, 0x5, 1_000, +5, -0.5]\n",
        {"a": ["5.0", "5e0", ".inf", "0x5", "1_000", "+5", "-0.5"]},
    ),
    "quoted stays text": ("a: \"5\"\nb: 'true'\n", {"a": "5", "b": "true"}),
    "a number in quotes as key": ('"1": x\n', {"1": "x"}),
    "nothing after a key": ("a:\nb: ~\n", {"a": "", "b": "~"}),
    "one explicit document": ("---\na: 1\n...\n", {"a": 1}),
    "depth 12": ("a: " + "[" * 11 + "]" * 11, {"a": [[[[[[[[[[[]]]]]]]]]]]}),
    "bytes in UTF-8": ("a: café\n".encode(), {"a": "café"}),
    "exactly the limit": (
        "a: " + "x" * (yamlform.MAX_BYTES - 3),
        {"a": "x" * (yamlform.MAX_BYTES - 3)},
    ),
    "more digits than a safe integer": ("a: 12345678901234567\n", {"a": "12345678901234567"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_text_with_two_readings_is_refused_with_its_place(case: str) -> None:
    text, code = REFUSED[case]
    started = time.process_time()
    with pytest.raises(Invalid) as raised:
        yamlform.load(text)
    assert raised.value.code == code
    assert raised.value.parameters["line"] >= 1  # type: ignore[operator]
    assert raised.value.parameters["column"] >= 1  # type: ignore[operator]
    assert time.process_time() - started < 5
    for lang in ("nl", "en", "fr"):
        parts = explain(raised.value.code, lang, **raised.value.parameters)
        assert set(parts) == {"what", "where", "why", "now"}
        assert "{" not in "".join(parts.values())


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_text_means_what_it_shows(case: str) -> None:
    text, value = ACCEPTED[case]
    assert yamlform.load(text) == value


def test_the_place_of_an_equal_key_is_the_second_one() -> None:
    with pytest.raises(Invalid) as raised:
        yamlform.load("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert dict(raised.value.parameters) == {"line": 5, "column": 3, "key": "c"}


@given(
    st.text(alphabet=st.sampled_from("ab:-[]{}&*!%#<>?|'\",\n\t 01~\\\u202e\u0430"), max_size=60)
)
def test_any_text_loads_or_is_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(yamlform.load(text), dict)


def test_every_value_has_its_place() -> None:
    _, places = yamlform.load_with_places("a: 1\nb:\n  - x\n  - {c: y}\n")
    assert places[("a",)] == (1, 1)
    assert places[("b",)] == (2, 1)
    assert places[("b", 0)] == (3, 5)
    assert places[("b", 1, "c")] == (4, 6)
