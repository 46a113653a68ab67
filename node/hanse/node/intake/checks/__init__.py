"""The rules a draft is checked against, one module per family; `RULES` lists them all."""

from hanse.node.intake.checks.finding import Finding as Finding
from hanse.node.intake.checks.finding import Severity as Severity
from hanse.node.intake.checks.rules import RULES as RULES
