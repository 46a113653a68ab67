"""Base64url and JSON texts have one reading; all else is refused, and nothing else raised."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from hanse.auth.compact import decode, open_compact, read_object

TEXT = st.text(alphabet="ABCDEFabcdef0123456789-_+/=. \n\u00e9", max_size=40)
# NUL is refused wherever it stands: no database can compare with it (tests/attacks).
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@given(st.binary(min_size=1, max_size=60))
def test_bytes_have_one_spelling(content: bytes) -> None:
    spelled = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    assert decode(spelled) == content


@given(TEXT)
def test_a_text_is_the_spelling_of_its_bytes_or_refused(text: str) -> None:
    try:
        content = decode(text)
    except ValueError:
        return
    assert base64.urlsafe_b64encode(content).rstrip(b"=").decode() == text


@given(st.dictionaries(WORDS, JSON, max_size=3))
def test_an_object_is_read_as_it_was_written(value: dict[str, object]) -> None:
    assert read_object(json.dumps(value, ensure_ascii=False).encode()) == value


@given(
    st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_any_bytes_are_an_object_or_refused(content: bytes) -> None:
    try:
        value = read_object(content)
    except (ValueError, RecursionError):
        return
    assert value == json.loads(content)


@given(st.text(max_size=60))
def test_any_text_is_a_compact_form_or_refused(text: str) -> None:
    try:
        opened = open_compact(text)
    except (ValueError, RecursionError):
        return
    assert opened.signed.decode() == text.rpartition(".")[0]
