"""The other side: programs that read what recipients receive and try to work out what is hidden.

They share no code with the protection they judge: relations, elimination and bounds are made anew
from the published codes alone.
"""

from hanse.policies.attackers.bounds import Needs as Needs
from hanse.policies.attackers.bounds import Verdict as Verdict
from hanse.policies.attackers.bounds import audit as audit
from hanse.policies.attackers.campaign import Campaign as Campaign
from hanse.policies.attackers.campaign import Finding as Finding
from hanse.policies.attackers.campaign import campaign as campaign
from hanse.policies.attackers.insider import insider as insider
from hanse.policies.attackers.intervals import narrowed as narrowed
from hanse.policies.attackers.linear import determined as determined
from hanse.policies.attackers.published import Codes as Codes
from hanse.policies.attackers.published import Published as Published
from hanse.policies.attackers.published import pooled as pooled
from hanse.policies.attackers.published import read as read
from hanse.policies.attackers.shares import bounded as bounded
from hanse.policies.attackers.shares import numerators as numerators
from hanse.policies.attackers.system import Sum as Sum
from hanse.policies.attackers.system import System as System
from hanse.policies.attackers.system import equations as equations
