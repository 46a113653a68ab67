"""The one way out to other hosts, and the only importer of httpx.

An `Outbound` asks registered origins only, resolves a name once and connects to that address,
follows no redirect, accepts no encoded body, and holds every answer to a number of bytes and a
total deadline. It tries idempotent requests again within a budget, leaves a peer alone that keeps
failing, and never has more than a few requests at one peer. What went wrong comes out as a word of
`hanse.errors`.

    async with Outbound(networks=("127.0.0.0/8",)) as way:
        answer = await way.fetch(Ask(Origin.of("http://127.0.0.1:8100"), "http://127.0.0.1:8100/v1/members"))
        answer.json()
"""

from hanse.outbound.addresses import AddressRule as AddressRule
from hanse.outbound.answer import Answer as Answer
from hanse.outbound.answer import strict_json as strict_json
from hanse.outbound.asking import Ask as Ask
from hanse.outbound.asking import Limits as Limits
from hanse.outbound.blocking import Blocking as Blocking
from hanse.outbound.bulk import BulkAnswer as BulkAnswer
from hanse.outbound.bulk import open_bulk as open_bulk
from hanse.outbound.origin import Origin as Origin
from hanse.outbound.resilience import Breaker as Breaker
from hanse.outbound.resilience import RetryBudget as RetryBudget
from hanse.outbound.transport import Transport as Transport
from hanse.outbound.way import Opened as Opened
from hanse.outbound.way import Outbound as Outbound
from hanse.outbound.way import fetch as fetch
