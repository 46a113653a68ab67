"""Profile files for clients of Delta Sharing: for whoever brings the feed token that goes in it."""

from collections.abc import Iterable, Mapping
from typing import Any

from hanse.auth.bearer import credential
from hanse.auth.principal import Principal
from hanse.dialects.delta import profile
from hanse.errors import Invalid, Unauthenticated
from hanse.node.credentials import FeedTokenRow
from hanse.node.running import Node
from hanse.store.session import reading


def bearer(
    node: Node, principal: Principal, headers: Iterable[tuple[bytes, bytes]], endpoint: str
) -> Mapping[str, Any]:
    """Return the profile of the feed token that a request came with; nothing else is told.

    Raises `Unauthenticated` for nobody, `Invalid` for another credential: those live too short to
    be kept in a file.
    """
    presented = credential(headers)
    if presented is None or not principal.known:
        raise Unauthenticated("SIGN_IN_NEEDED")
    if principal.credential is None:
        raise Invalid("DELTA_PROFILE")
    with reading(node.engine) as session:
        row = session.get(FeedTokenRow, principal.credential)
    if row is None:  # pragma: no cover - it was read a moment ago, and rows stay
        raise Unauthenticated("TOKEN_INVALID")
    return profile.bearer(endpoint, presented.value, row.expires_at)


def private_key(
    node: Node, endpoint: str, client: str | None, kid: str | None, purpose: str | None
) -> Mapping[str, Any]:
    """Return the profile of a client that signs with its own key; it holds no secret.

    Raises `Invalid` where its client, key id or purpose is missing, or no catalogue issues tokens.
    """
    for name, value in (("client", client), ("kid", kid), ("purpose", purpose)):
        if not value:
            raise Invalid("DELTA_KEY", name=name)
    if not node.settings.issuer:
        raise Invalid("DELTA_KEY", name="catalogue_url")
    return profile.private_key(endpoint, node.settings.issuer, str(client), str(kid))
