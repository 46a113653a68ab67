"""Disclosure control: hidden means hidden, with proof, over everything a table adds up to.

`protect(table, plan)` hides small counts, then whatever would give them away, and returns the
proof. Pure: no files, no clock; the same table and plan give the same pattern.
"""

from hanse.policies.disclosure.account import Attack as Attack
from hanse.policies.disclosure.account import account as account
from hanse.policies.disclosure.account import attacked as attacked
from hanse.policies.disclosure.certificate import Certificate as Certificate
from hanse.policies.disclosure.certificate import verify as verify
from hanse.policies.disclosure.identity import Identity as Identity
from hanse.policies.disclosure.identity import Term as Term
from hanse.policies.disclosure.identity import stock_and_flow as stock_and_flow
from hanse.policies.disclosure.ledger import Ledger as Ledger
from hanse.policies.disclosure.ledger import protect_nested as protect_nested
from hanse.policies.disclosure.ledger import protect_next as protect_next
from hanse.policies.disclosure.ledger import with_ledger as with_ledger
from hanse.policies.disclosure.magnitude import Sensitivity as Sensitivity
from hanse.policies.disclosure.magnitude import protect_amounts as protect_amounts
from hanse.policies.disclosure.noise import perturb as perturb
from hanse.policies.disclosure.noise import perturbed as perturbed
from hanse.policies.disclosure.overlaps import Overlaps as Overlaps
from hanse.policies.disclosure.perturbation import beside as beside
from hanse.policies.disclosure.perturbation import protect as protect
from hanse.policies.disclosure.perturbation import recheck_figures as recheck_figures
from hanse.policies.disclosure.plan import Mismatch as Mismatch
from hanse.policies.disclosure.plan import Plan as Plan
from hanse.policies.disclosure.plan import Rules as Rules
from hanse.policies.disclosure.plan import load as load
from hanse.policies.disclosure.protection import Demand as Demand
from hanse.policies.disclosure.protection import Perturbed as Perturbed
from hanse.policies.disclosure.protection import Protected as Protected
from hanse.policies.disclosure.protection import demand as demand
from hanse.policies.disclosure.protection import secure as secure
from hanse.policies.disclosure.rates import safe_decimals as safe_decimals
from hanse.policies.disclosure.ratio import Ratio as Ratio
from hanse.policies.disclosure.release import Closed as Closed
from hanse.policies.disclosure.release import Structure as Structure
from hanse.policies.disclosure.release import close as close
from hanse.policies.disclosure.report import by_level as by_level
from hanse.policies.disclosure.report import costliest as costliest
from hanse.policies.disclosure.report import neediest as neediest
from hanse.policies.disclosure.report import what_if as what_if
from hanse.policies.disclosure.rounding import round_small as round_small
from hanse.policies.disclosure.sheet import model_of_cells as model_of_cells
from hanse.policies.disclosure.sidecar import from_sidecar as from_sidecar
from hanse.policies.disclosure.sidecar import recheck as recheck
from hanse.policies.disclosure.sidecar import sidecar as sidecar
from hanse.policies.disclosure.table import inside as inside
from hanse.policies.disclosure.table import public as public
from hanse.policies.disclosure.tree import from_links as from_links
from hanse.policies.disclosure.weighing import Weighed as Weighed
from hanse.policies.disclosure.weighing import weigh as weigh
from hanse.policies.method import Rounding as Rounding
from hanse.policies.method import Spread as Spread
from hanse.policies.method import check_unmixed as check_unmixed
