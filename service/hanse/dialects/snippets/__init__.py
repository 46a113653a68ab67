"""Lines to copy that pull a view of a release again, the same in every tool and on any day.

Each names the release and holds what came against the digest of its signed description where the
tool can; no line holds a credential: where one is needed, it names an environment variable.

| tool | lost |
|---|---|
| R, Excel, Power BI, QGIS | the digest stands in a comment: these tools do not see headers |
| Swing | breakdowns but their totals; which status a number has |
"""

from hanse.dialects.snippets.tools import TOOLS as TOOLS
from hanse.dialects.snippets.tools import Tool as Tool
from hanse.dialects.snippets.tools import tool as tool
from hanse.dialects.snippets.view import View as View
