"""Data contracts as text: whatever stands in them is read back as it was."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.dialects import odcs

SCALARS = st.one_of(st.text(max_size=20), st.integers(-9, 9), st.booleans(), st.none())
DOCUMENTS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(DOCUMENTS)
@settings(max_examples=30, deadline=None)
def test_any_contract_is_read_back_as_it_was(made: dict[str, Any]) -> None:
    assert yaml.safe_load(odcs.written(made)) == made


def test_signs_that_end_lines_or_are_not_seen_do_not_break_out() -> None:
    made = {"a": 'x"\n- b: 1\u2028\u0085\x7f\U0001f600', "- c": "# geen commentaar"}
    assert yaml.safe_load(odcs.written(made)) == made
    assert len(odcs.written(made).splitlines()) == 2
