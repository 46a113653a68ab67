"""The disclosure report: what is hidden and why, what that costs, and whether it holds.

For the data manager and the data protection officer of the house itself. It tells cells that are
small from cells that only protect others, which outside nobody may know: it never travels with a
release. It names cells and rules, and holds no figure that is hidden.
"""

from hanse.report.disclosure.facts import Alternative as Alternative
from hanse.report.disclosure.facts import Change as Change
from hanse.report.disclosure.facts import Conflict as Conflict
from hanse.report.disclosure.facts import Costly as Costly
from hanse.report.disclosure.facts import Facts as Facts
from hanse.report.disclosure.facts import Needy as Needy
from hanse.report.disclosure.facts import Proof as Proof
from hanse.report.disclosure.facts import Seen as Seen
from hanse.report.disclosure.facts import Subject as Subject
from hanse.report.disclosure.facts import Tally as Tally
from hanse.report.disclosure.facts import Trial as Trial
from hanse.report.disclosure.facts import dump as dump
from hanse.report.disclosure.facts import load as load
from hanse.report.disclosure.sections import document as document
from hanse.report.disclosure.tally import counted as counted
from hanse.report.disclosure.tally import magnitude as magnitude
from hanse.report.disclosure.tally import value_share as value_share
