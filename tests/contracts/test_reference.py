"""What the reference says is complete."""

from hanse.auth.scopes import MEANINGS, SCOPES, THEME_SCOPE


def test_every_scope_has_a_meaning() -> None:
    assert set(MEANINGS) == {*SCOPES, THEME_SCOPE}
