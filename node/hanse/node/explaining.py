"""Answers to "why": the rule in words, the checks of one's own protocol, the terms of a permit."""

from hanse.auth.principal import Principal
from hanse.cube.query import Query
from hanse.errors import NotFound
from hanse.messages import catalogue, say
from hanse.node import answer as answers
from hanse.node.door import Door
from hanse.policies import profile
from hanse.policies.decision import Check, NotPermitted
from hanse.wire import Check as WireCheck
from hanse.wire import Explanation, Permitted

HIDDEN = "Q"
_NO_VALUE = frozenset({"O", "M", "L"})


def terms(permitted: answers.Permitted) -> Permitted:
    """Return what a permit opens, on which terms."""
    extent, permit = permitted.extent, permitted.permit
    agreed = permit.agreement.protocol
    window = extent.periods
    ends = (window.start, window.end) if window else (None, None)
    areas = extent.areas or {}
    return Permitted.model_validate(
        {
            "dataset": permitted.manifest.dataset,
            "release": permitted.manifest.release_id,
            "manifest": permitted.digest,
            "protocol": permit.protocol,
            "version": permit.version,
            "content_hash": permit.content_hash,
            "profile": permitted.manifest.profile,
            "indicators": sorted(extent.indicators or ()),
            "areas": {level: sorted(codes or ()) for level, codes in areas.items() if codes},
            "periods": tuple(None if each is None else str(each) for each in ends),
            "breakdowns": {name: sorted(codes) for name, codes in extent.breakdowns.items()},
            "formats": list(permit.formats),
            "purposes": agreed.purposes,
            "onward": permit.onward,
            "retention": permit.retention,
            "licence": permit.licence or permitted.manifest.licence,
            "valid_until": agreed.valid.end,
        }
    )


def explain(
    door: Door, principal: Principal, query: Query, purpose: str | None, lang: str
) -> Explanation:
    """Return why one cell is what it is for whoever asks, in their language."""
    try:
        cell = door.explain(principal, query, purpose)
    except NotPermitted as refusal:
        return _refused(refusal, lang)
    outcome, sentence = _told(cell, lang)
    return Explanation(outcome=outcome, sentence=sentence, protocol=cell.permit.protocol)


def _refused(refusal: NotPermitted, lang: str) -> Explanation:
    checks = [_check(check) for check in refusal.checks]
    allowed = next(check.had for check in refusal.checks if not check.passed)
    return Explanation(
        outcome="refused",
        sentence=say(refusal.code, lang, **refusal.parameters),
        checks=checks,
        protocol=refusal.protocol,
        allowed=allowed,
        decision=str(refusal.parameters.get("decision", "")) or None,
    )


def _check(check: Check) -> WireCheck:
    return WireCheck(
        name=check.name,
        passed=check.passed,
        wanted=check.wanted,
        had=check.had,
        clause=check.clause,
    )


def _told(cell: answers.Cell, lang: str) -> tuple[str, str]:
    if cell.status is None:
        return "missing", say("EXPLAIN_MISSING", lang, release=cell.manifest.release_id)
    name = f"STATUS_{cell.status}"
    status = say(name, lang) if name in catalogue() else cell.status
    if cell.status == HIDDEN:
        return "hidden", why_hidden(cell.manifest.profile, lang)
    if cell.status in _NO_VALUE:
        return "missing", say("EXPLAIN_NO_VALUE", lang, status=status)
    told = say("EXPLAIN_VALUE", lang, status=status, protocol=cell.permit.protocol)
    return "permitted", told


def why_hidden(profile_name: str, lang: str) -> str:
    """Return why a cell of a release under this profile is hidden; never which kind it is."""
    rule = _rule(profile_name, lang)
    return say("EXPLAIN_HIDDEN", lang, profile=profile_name, rule=rule)


def _rule(name: str, lang: str) -> str:
    try:
        described = profile.find(name).description
    except NotFound:  # a profile of the city's own: its name is all that is public
        return ""
    return described.get(lang) or described.get("nl", "")
