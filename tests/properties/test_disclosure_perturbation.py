"""Laws of rounding and of noise: what a certificate says of them, on small random cities."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.disclosure import crossed, shuffled

from hanse.errors import Conflict
from hanse.policies.disclosure import (
    Ledger,
    Perturbed,
    Plan,
    Rounding,
    Rules,
    Spread,
    check_unmixed,
    protect,
    public,
    recheck_figures,
)
from hanse.policies.disclosure.ledger import protect_nested, protect_next
from hanse.policies.disclosure.perturbation import unkept
from hanse.policies.method import Perturbing

COMMON = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
SECRET, OTHER = b"sixteen bytes or more", b"another one of sixteen"

SPREADS = st.sampled_from([Spread(), Spread(3, 1.0, 0), Spread(8, 2.5, 2)])
METHODS = st.one_of(st.builds(Rounding, st.integers(4, 12)), SPREADS)


@st.composite
def cities(draw: st.DrawFn) -> tuple[pa.Table, Plan]:
    """Draw atoms in sectors and districts that may cross, by kinds: up to 200 cells."""
    atoms, kinds = draw(st.integers(2, 20)), draw(st.integers(1, 6))
    sectors = draw(st.lists(st.integers(0, 19), min_size=atoms, max_size=atoms))
    districts = draw(st.lists(st.integers(0, 4), min_size=atoms, max_size=atoms))
    seed = draw(st.integers(0, 2**32))
    source = np.random.default_rng(seed)
    counts = source.poisson(source.choice([0.5, 2, 6, 40], (atoms, kinds))).tolist()
    made = crossed(sectors, districts, counts, Rules(k=4))
    return made.table, replace(made.plan, method=draw(METHODS))


def perturbed(table: pa.Table, plan: Plan, secret: bytes = SECRET) -> Perturbed:
    found = protect(table, plan, secret=secret)
    assert isinstance(found, Perturbed)
    return found


@given(cities())
@COMMON
def test_rounded_figures_add_up_and_no_inner_count_is_off_by_a_base(
    city: tuple[pa.Table, Plan],
) -> None:
    table, plan = city
    plan = replace(plan, method=Rounding(7))
    found = perturbed(table, plan)
    model, figures = found.model, found.figures
    assert not (model.relations @ figures).any()
    leaves = np.ix_(*(dimension.leaf for dimension in model.dimensions))
    exact, shown = model.values.reshape(model.shape)[leaves], figures.reshape(model.shape)[leaves]
    few = (exact >= 1) & (exact < 7)
    assert (shown[~few] == exact[~few]).all()
    assert np.isin(shown[few], [0, 7]).all()
    assert abs(int(shown.sum() - exact.sum())) < 2 * 7
    assert found.certificate.additive
    assert found.certificate.content()["base"] == 7


@given(cities(), SPREADS)
@COMMON
def test_noise_goes_no_further_than_it_may_and_never_shows_what_is_absent(
    city: tuple[pa.Table, Plan], spread: Spread
) -> None:
    table, plan = city
    found = perturbed(table, replace(plan, method=spread))
    off = found.figures - found.model.values
    assert np.abs(off).max() <= spread.deviation
    assert not np.isin(found.figures, range(1, spread.absent + 1)).any()
    assert not off[found.model.values == 0].any()
    content = found.certificate.content()
    assert not content["additive"]
    assert not {"deviation", "variance", "primary", "k"} & content.keys()
    assert str(spread.deviation) not in {
        str(content[key]) for key in ("base", "sdc_method", "method")
    }


@given(cities(), st.integers(0, 9))
@COMMON
def test_the_same_cells_and_secret_give_the_same_figures_and_another_secret_others(
    city: tuple[pa.Table, Plan], seed: int
) -> None:
    table, plan = city
    first, second = perturbed(table, plan), perturbed(shuffled(table, seed), plan)
    assert public(first).equals(public(second))
    assert first.certificate == second.certificate
    other = perturbed(table, plan, OTHER)
    assert other.certificate.secret_sha256 != first.certificate.secret_sha256


@given(cities())
@COMMON
def test_recipients_read_one_word_about_all_figures_and_nothing_about_any(
    city: tuple[pa.Table, Plan],
) -> None:
    table, plan = city
    shown = public(perturbed(table, plan))
    assert plan.method is not None
    constant = ("obs_status", "conf_status", "sdc_method")
    told = {name: set(shown[name].to_pylist()) for name in constant}
    assert told == {"obs_status": {"A"}, "conf_status": {"F"}, "sdc_method": {plan.method.mark}}
    assert shown["obs_value"].null_count == 0


@given(cities(), st.data())
@COMMON
def test_a_figure_that_was_changed_afterwards_is_found(
    city: tuple[pa.Table, Plan], data: st.DataObject
) -> None:
    table, plan = city
    found = perturbed(table, plan)
    shown, claimed = public(found), found.certificate.content()
    assert recheck_figures(table, plan, shown, claimed, SECRET).holds
    assert not recheck_figures(table, plan, shown, claimed, OTHER).holds
    row = data.draw(st.integers(0, shown.num_rows - 1))
    values = shown["obs_value"].to_pylist()
    values[row] += data.draw(st.sampled_from([-1, 1]))
    at = shown.column_names.index("obs_value")
    forged = shown.set_column(at, "obs_value", pa.array(values))
    checked = recheck_figures(table, plan, forged, claimed, SECRET)
    assert checked.proof.unsound.size
    assert not checked.holds
    assert not recheck_figures(table, plan, shown.slice(1), claimed, SECRET).holds


@given(cities(), METHODS)
@COMMON
def test_exact_figures_and_two_perturbations_never_stand_side_by_side(
    city: tuple[pa.Table, Plan], method: Perturbing
) -> None:
    table, plan = city
    found = perturbed(table, plan)
    held = Ledger().after(found)
    again = protect_next(table, plan, held, secret=SECRET)
    assert public(again).equals(public(found))
    exact = replace(plan, method=None)
    others = [(exact, SECRET), (plan, OTHER)]
    assert plan.method is not None
    if method.mark != plan.method.mark:
        others.append((replace(plan, method=method), SECRET))
    for other, secret in others:
        with pytest.raises(Conflict, match="DISCLOSURE_MIXED"):
            protect_next(table, other, held, secret=secret)
    shown = Ledger({("s0", "k0"): 40})
    with pytest.raises(Conflict, match="DISCLOSURE_MIXED"):
        protect_next(table, plan, shown, secret=SECRET)
    with pytest.raises(Conflict, match="DISCLOSURE_MIXED"):
        protect_nested(table, [exact, plan])
    axes = (replace(plan.axes[0], levels=("sector",)), plan.axes[1])
    sums = table.group_by(["sector", "kind"]).aggregate([("freq", "sum")])
    coarser = sums.rename_columns(["sector", "kind", "freq"])
    own = perturbed(coarser, replace(plan, axes=axes)).certificate.content()
    with pytest.raises(Conflict, match="DISCLOSURE_MIXED"):
        check_unmixed(own, found.certificate.content())


def test_a_rounded_figure_that_is_out_is_never_rounded_otherwise() -> None:
    counts = [[3, 2, 4], [1, 2, 3], [4, 1, 2], [2, 3, 1]]
    made = crossed([0, 1, 2, 3], [0, 0, 1, 1], counts, Rules(k=4))
    plan = replace(made.plan, method=Rounding(5))
    held = Ledger().after(perturbed(made.table, plan))
    counts[0][0] = 40
    revised = crossed([0, 1, 2, 3], [0, 0, 1, 1], counts, Rules(k=4)).table
    with pytest.raises(Conflict, match="DISCLOSURE_LEDGER"):
        protect_next(revised, plan, held, secret=SECRET)


@given(cities())
@COMMON
def test_the_check_of_a_method_finds_every_cell_that_breaks_it(
    city: tuple[pa.Table, Plan],
) -> None:
    """Exact figures keep no method where a small count is among them; noise shows its absentees."""
    table, plan = city
    found = perturbed(table, plan)
    model = found.model
    assert plan.method is not None
    assert not unkept(model, plan.method, found.figures).size
    wide = found.figures.copy()
    wide[-1] += 1_000
    assert unkept(model, plan.method, wide).size
    leaf = np.zeros(model.shape, dtype=bool)
    leaf[np.ix_(*(dimension.leaf for dimension in model.dimensions))] = True
    few = leaf.ravel() & (model.values >= 1) & (model.values < 4)
    if isinstance(plan.method, Rounding):
        assert np.isin(np.flatnonzero(few), unkept(model, plan.method, model.values)).all()
