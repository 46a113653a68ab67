"""The SDK: sign in, search, pull, compare, explain. Light: no web framework, no database.

    import hanse.client
    comparison = hanse.client.compare("v2506_elek_res_n", cities=["Aalst", "Gent"], periods="2018:")
    comparison.table          # pyarrow.Table: every cell with origin, release, status and mark
    comparison.outcomes       # what each node gave, how old, or why not

Names are loaded when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hanse.client.catalogue import Catalogue as Catalogue
    from hanse.client.comparison import Comparison as Comparison
    from hanse.client.conversation import Pulled as Pulled
    from hanse.client.federation import Federation as Federation
    from hanse.client.federation import Wish as Wish
    from hanse.client.federation import connect as connect
    from hanse.client.keys import ClientKey as ClientKey
    from hanse.client.node import NodeClient as NodeClient
    from hanse.client.outcome import NodeState as NodeState
    from hanse.client.outcome import Outcome as Outcome
    from hanse.client.question import Question as Question
    from hanse.client.shortcuts import compare as compare
    from hanse.client.shortcuts import get as get
    from hanse.client.signin import Credentials as Credentials
    from hanse.client.verification import Pin as Pin

_HOMES = {
    "Catalogue": "catalogue",
    "ClientKey": "keys",
    "Comparison": "comparison",
    "Credentials": "signin",
    "Federation": "federation",
    "NodeClient": "node",
    "NodeState": "outcome",
    "Outcome": "outcome",
    "Pin": "verification",
    "Pulled": "conversation",
    "Question": "question",
    "Wish": "federation",
    "compare": "shortcuts",
    "connect": "federation",
    "get": "shortcuts",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a name from its module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
