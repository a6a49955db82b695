"""Contagion on networks of claims: the papers' numbers, and what must hold in any network."""

import json
from fractions import Fraction
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import abm.contagion.clearing
from abm.contagion import clear_interbank, debtrank, threshold_cascade
from abm.errors import InvalidInput, UnwindError

REFERENCE = Path(__file__).parent / "reference"
CLEARING = json.loads((REFERENCE / "eisenberg_noe.json").read_text())["cases"]
DEBTRANK = json.loads((REFERENCE / "debtrank.json").read_text())["cases"]
GAI_KAPADIA = json.loads((REFERENCE / "gai_kapadia.json").read_text())["mc"]


def network(rng: np.random.Generator, n: int, density: float = 0.5) -> np.ndarray:
    """Amounts between some of n banks, none with itself."""
    amounts = rng.uniform(0.5, 10.0, (n, n)) * (rng.random((n, n)) < density)
    np.fill_diagonal(amounts, 0.0)
    return amounts


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Debts, external assets and external liabilities of two to eight banks, many insolvent."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    outside = rng.uniform(0, 6, n) * (rng.random(n) < 0.6)
    return network(rng, n), rng.uniform(0, 8, n) * (rng.random(n) < 0.7), outside


seeds = st.integers(0, 2**32 - 1)
recoveries = st.floats(0.0, 1.0)


@pytest.mark.parametrize("case", CLEARING, ids=lambda c: f"{c['name']}-{c['alpha']}-{c['beta']}")
def test_a_reference_network_clears_at_its_greatest_vector(case):
    found = clear_interbank(case["L"], case["e"], case["b"], case["alpha"], case["beta"])
    exact = [float(Fraction(p)) for p in case["p_greatest_rational"]]
    assert found.payments == pytest.approx(exact, rel=0, abs=1e-10)
    assert found.equity == pytest.approx(case["equity"], rel=0, abs=1e-10)
    waves = [np.flatnonzero(found.waves == w + 1).tolist() for w in range(found.waves.max())]
    assert waves == case["default_waves"] and found.iterations == len(waves) + 1
    assert (found.defaulted == (found.waves > 0)).all()


@pytest.mark.parametrize("case", DEBTRANK, ids=lambda c: c["name"])
@pytest.mark.parametrize(("mode", "suffix"), [("original", ""), ("differential", "_differential")])
def test_a_reference_network_has_its_debtrank(case, mode, suffix):
    lent = 7.0 * np.array(case["W"]).T  # by lender; every equity is 7
    found = debtrank(lent, [7.0] * 3, case["h0"], case["v"], mode)
    assert found.value == pytest.approx(case["debtrank" + suffix], rel=0, abs=1e-12)
    assert found.distress == pytest.approx(case["h_final" + suffix], rel=0, abs=1e-12)


def test_who_can_just_pay_does_not_default():
    found = clear_interbank([[0, 10], [3, 0]], [7, 0])
    assert found.payments.tolist() == [10, 3] and found.equity.tolist() == [0, 7]
    assert not found.defaulted.any() and found.iterations == 1


def test_a_last_digit_is_no_default():
    found = clear_interbank([[0, 0.1, 0.2], [0, 0, 0], [0, 0, 0]], [0.3, 0, 0])
    assert 0.1 + 0.2 > 0.3 and not found.defaulted.any()


def test_a_ring_without_any_money_pays_itself_in_full():
    ring = np.roll(np.eye(3), 1, axis=1) * 0.1
    assert clear_interbank(ring, [0, 0, 0]).payments == pytest.approx([0.1] * 3)


def test_debts_to_outside_rank_with_debts_to_banks():
    # bank 1 has 6 and owes 10 to bank 2 and 5 outside: two thirds of 6 reach bank 2
    found = clear_interbank([[0, 10], [0, 0]], [6, 1], [5, 0])
    assert found.payments.tolist() == [6, 0] and found.equity == pytest.approx([0, 5])


def test_recoveries_cost_what_they_say():
    # half of 4 outside; then half of 2 and nine tenths of the 2 received
    found = clear_interbank([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [4, 2, 1], None, 0.5, 0.9)
    assert found.payments == pytest.approx([2.0, 2.8, 0.0])


def cleared_plainly(debts, assets, outside, alpha, beta):
    """Fictitious defaults in exact fractions, by Gauss and Jordan."""
    n = len(assets)
    debts = [[Fraction(float(x)) for x in row] for row in debts]
    assets, outside = ([Fraction(float(x)) for x in row] for row in (assets, outside))
    alpha, beta = Fraction(alpha), Fraction(beta)
    owed = [sum(debts[i]) + outside[i] for i in range(n)]
    payments, failed = list(owed), set()

    def share(j, i):
        return debts[j][i] / owed[j] if owed[j] else Fraction(0)

    while True:
        able = [assets[i] + sum(share(j, i) * payments[j] for j in range(n)) for i in range(n)]
        new = {i for i in range(n) if able[i] < owed[i] * (1 - Fraction(1, 10**12))} - failed
        if not new:
            return [float(p) for p in payments], failed
        failed |= new
        rows = []
        for i in range(n):
            row = [Fraction(int(i == j)) - (beta * share(j, i) if i in failed else 0)
                   for j in range(n)]  # fmt: skip
            rows.append([*row, alpha * assets[i] if i in failed else owed[i]])
        for k in range(n):
            pivot = next(r for r in range(k, n) if rows[r][k] != 0)
            rows[k], rows[pivot] = rows[pivot], rows[k]
            rows[k] = [x / rows[k][k] for x in rows[k]]
            for r in set(range(n)) - {k}:
                rows[r] = [x - rows[r][k] * y for x, y in zip(rows[r], rows[k], strict=True)]
        payments = [row[n] for row in rows]


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_payments_are_those_of_exact_arithmetic(seed, alpha, beta):
    debts, assets, outside = drawn(seed)
    found = clear_interbank(debts, assets, outside, alpha, beta)
    payments, failed = cleared_plainly(debts, assets, outside, alpha, beta)
    assert found.payments == pytest.approx(payments, rel=1e-9, abs=1e-9)
    assert set(np.flatnonzero(found.defaulted)) == failed


@given(seeds, recoveries, recoveries)
def test_payments_lie_between_nothing_and_the_debt_and_solve_their_equation(seed, alpha, beta):
    debts, assets, outside = drawn(seed)
    found = clear_interbank(debts, assets, outside, alpha, beta)
    owed = debts.sum(axis=1) + outside
    assert (found.payments >= 0.0).all() and (found.payments <= owed * (1 + 1e-14)).all()
    received = (debts / np.where(owed > 0, owed, 1)[:, None]).T @ found.payments
    able = assets + received >= owed * (1 - 2e-12)
    wanted = np.where(able, owed, alpha * assets + beta * received)
    assert found.payments == pytest.approx(wanted, rel=0, abs=1e-10)
    assert found.equity == pytest.approx(np.where(able, assets + received - owed, 0), abs=1e-10)


@given(seeds)
def test_without_costs_total_payments_are_the_optimum_of_the_linear_programme(seed):
    debts, assets, outside = drawn(seed)
    owed = debts.sum(axis=1) + outside
    shares = debts / np.where(owed > 0, owed, 1)[:, None]
    best = linprog(
        -np.ones(len(owed)), A_ub=np.eye(len(owed)) - shares.T, b_ub=assets,
        bounds=[(0.0, most) for most in owed], method="highs",
    )  # fmt: skip
    total = clear_interbank(debts, assets, outside).payments.sum()
    assert total == pytest.approx(-best.fun, rel=1e-8, abs=1e-8)


@given(seeds, recoveries, recoveries)
def test_costs_of_default_never_raise_a_payment(seed, alpha, beta):
    without = clear_interbank(*drawn(seed))
    costly = clear_interbank(*drawn(seed), alpha, beta)
    assert (costly.payments <= without.payments + 1e-10).all()
    assert (costly.defaulted >= without.defaulted).all()


@given(seeds)
def test_labels_and_storage_of_a_network_do_not_matter(seed):
    debts, assets, outside = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(assets))
    mixed = debts[np.ix_(order, order)]
    one = clear_interbank(debts, assets, outside, 0.8, 0.7)
    for other in (mixed, sp.csr_array(mixed), sp.coo_matrix(mixed)):
        again = clear_interbank(other, assets[order], outside[order], 0.8, 0.7)
        assert again.payments == pytest.approx(one.payments[order], rel=0, abs=1e-10)
        assert (again.waves == one.waves[order]).all()
    lent, equity, shock = debts.T, 1.0 + 3 * assets, assets / 16
    for mode in ("original", "differential"):
        plain = debtrank(lent, equity, shock, np.full(len(order), 1 / len(order)), mode)
        for other in (mixed.T, sp.csc_array(mixed.T)):
            uniform = np.full(len(order), 1 / len(order))
            again = debtrank(other, equity[order], shock[order], uniform, mode)
            assert again.distress == pytest.approx(plain.distress[order], rel=0, abs=1e-12)


def test_a_graph_runs_from_lender_to_borrower():
    """b has lent 10 to a, who has 6; c has lent 8 to b, which fails because a does."""
    graph = nx.DiGraph()
    graph.add_nodes_from("abc")
    graph.add_weighted_edges_from([("b", "a", 10.0), ("c", "b", 8.0)])
    debts = [[0, 10, 0], [0, 0, 8], [0, 0, 0]]
    by_graph, by_array = (clear_interbank(x, [6, 1, 0]) for x in (graph, debts))
    assert by_graph.payments.tolist() == by_array.payments.tolist() == [6, 7, 0]
    assert by_graph.waves.tolist() == [1, 2, 0]
    assert debtrank(graph, [1, 20, 10], [1, 0, 0]).distress == pytest.approx([1, 0.5, 0.4])
    assert threshold_cascade(graph, 1, 5, [0]).waves.tolist() == [1, 2, 3]


@pytest.mark.parametrize("n_rings", [1, 2])
def test_rings_that_leak_a_billionth_still_clear(n_rings, monkeypatch):
    """Each owes 1 round its ring and 1e-9 outside; a solvent bank owes it half of what it has."""
    order = np.random.default_rng(0).permutation(40 * n_rings).reshape(n_rings, 40)
    if n_rings == 1:  # numbered along the ring, sweeps are enough
        monkeypatch.setattr(abm.contagion.clearing, "_solve", None)
        order.sort()
    debts = np.zeros((order.size + 1, order.size + 1))
    has = np.zeros(order.size + 1)
    for share, ring in zip((0.5, 0.25), order, strict=False):
        debts[ring, np.roll(ring, -1)] = 1.0
        has[ring] = share * 1e-9
    outside = np.where(has > 0.0, 1e-9, 0.0)
    debts[-1] = has / 2
    found = clear_interbank(debts, np.append(has[:-1] / 2, 1.0), outside)
    assert found.payments[:-1] == pytest.approx(has[:-1] * 1e9, rel=1e-5)


def test_sweeps_suffice_for_ten_thousand_banks_that_owe_nearly_all_to_one_another(monkeypatch):
    monkeypatch.setattr(abm.contagion.clearing, "_solve", None)
    rng = np.random.default_rng(1)
    debts = sp.random_array((10_000, 10_000), density=1e-3, rng=rng)
    debts = debts - sp.diags_array(debts.diagonal())
    assets = 1e-5 * debts.sum(axis=1) * rng.random(10_000)
    found = clear_interbank(debts, assets)
    shares = sp.diags_array(1 / np.maximum(debts.sum(axis=1), 1e-300)) @ debts
    wanted = np.minimum(debts.sum(axis=1), assets + shares.T @ found.payments)
    assert found.defaulted.mean() > 0.9
    assert found.payments == pytest.approx(wanted, rel=0, abs=1e-11)


def test_dominoes_fall_one_a_round_in_whatever_order_they_are_numbered(monkeypatch):
    monkeypatch.setattr(abm.contagion.clearing, "_solve", None)
    order = np.random.default_rng(2).permutation(300)
    debts = np.zeros((300, 300))
    debts[order[:-1], order[1:]] = 1.0
    assets = np.zeros(300)
    assets[order[0]] = 0.5
    found = clear_interbank(debts, assets)
    assert found.waves[order].tolist() == [*range(1, 300), 0]
    assert found.payments[order] == pytest.approx([0.5] * 299 + [0.0])


def test_a_long_chain_in_default_at_once_pays_on_a_tenth_less_at_each_link(monkeypatch):
    """Each owes 9 to the next and 1 outside; the first has 5."""
    monkeypatch.setattr(abm.contagion.clearing, "_solve", None)
    order = np.random.default_rng(3).permutation(200)
    debts, assets = np.zeros((200, 200)), np.zeros(200)
    debts[order[:-1], order[1:]] = 9.0
    assets[order[0]] = 5.0
    found = clear_interbank(debts, assets, np.ones(200))
    assert found.payments[order[:-1]] == pytest.approx(5.0 * 0.9 ** np.arange(199), abs=1e-10)


def ranked_plainly(lent, equity, shock, mode):
    """DebtRank in plain Python, bank by bank as the papers write it."""
    n, now = len(equity), list(shock)
    impact = [[min(1.0, lent[i][j] / equity[i]) for j in range(n)] for i in range(n)]
    state = ["D" if h > 0 else "U" for h in now]
    before = [0.0] * n
    for _ in range(5000):
        sent = [now[j] if state[j] == "D" else 0.0 for j in range(n)]
        if mode == "differential":
            sent = [now[j] - before[j] for j in range(n)]
        then = [min(1.0, now[i] + sum(impact[i][j] * sent[j] for j in range(n))) for i in range(n)]
        state = ["I" if s in "DI" else "D" if h > 0 else "U" for s, h in zip(state, then)]  # noqa: B905
        before, now = now, then
        if max(sent) <= 1e-16:
            break
    return now


@settings(max_examples=50, deadline=None)
@given(seeds, st.sampled_from(abm.contagion.MODES))
def test_debtrank_is_that_of_the_plain_recursion(seed, mode):
    debts, assets, outside = drawn(seed)
    equity, shock = 2.0 + 5.0 * assets, outside / 20
    found = debtrank(debts, equity, shock, np.full(len(assets), 1 / len(assets)), mode)
    plain = ranked_plainly(debts.tolist(), equity.tolist(), shock.tolist(), mode)
    assert found.distress == pytest.approx(plain, rel=0, abs=1e-9)


@given(seeds, st.sampled_from(abm.contagion.MODES), st.floats(1.0, 3.0))
def test_debtrank_is_at_most_one_and_grows_with_exposure_and_falls_with_equity(seed, mode, more):
    debts, assets, outside = drawn(seed)
    debts[0, 1] += 1.0
    equity, shock = 2.0 + 5.0 * assets, outside / 12
    weights = debts.sum(axis=1) / debts.sum()
    one = debtrank(debts, equity, shock, weights, mode)
    assert 0.0 <= one.value <= 1.0 and (one.distress <= 1.0).all() and (one.distress >= shock).all()
    assert one.value == pytest.approx(debtrank(debts, equity, shock, mode=mode).value, abs=1e-14)
    for worse in (debtrank(more * debts, equity, shock, weights, mode),
                  debtrank(debts, equity / more, shock, weights, mode)):  # fmt: skip
        assert (worse.distress >= one.distress - 1e-9).all()


@given(seeds, st.floats(0.0, 1.0))
def test_more_distress_at_first_or_passed_on_again_is_no_less_in_the_end(seed, less):
    debts, assets, outside = drawn(seed)
    debts[0, 1] += 1.0
    equity, shock = 2.0 + 5.0 * assets, outside / 12
    whole = debtrank(debts, equity, shock, mode="differential")
    try:
        part = debtrank(debts, equity, less * shock, mode="differential")
    except InvalidInput as refused:  # every impact is 1, and 1e-8 would need 1e8 rounds
        assert "too small to end" in str(refused) and less < 0.01
        return
    assert (whole.distress >= part.distress - 1e-9).all()
    assert (whole.distress >= debtrank(debts, equity, shock).distress - 1e-9).all()


def star(n_borrowers: int) -> np.ndarray:
    """Bank 0 has lent to each of the others."""
    lent = np.zeros((n_borrowers + 1, n_borrowers + 1))
    lent[0, 1:] = 0.2 / n_borrowers
    return lent


def test_one_failure_among_five_is_a_tie_at_four_and_twenty_per_cent():
    assert threshold_cascade(star(5), 4, 20, [1]).waves.tolist() == [2, 1, 0, 0, 0, 0]
    assert not threshold_cascade(star(5), 4, 20, [1], tie="survives").failed[0]
    for tie in ("fails", "survives"):
        assert threshold_cascade(star(4), 4, 20, [1], tie).failed[0]
        assert not threshold_cascade(star(6), 4, 20, [1], tie).failed[0]
        assert threshold_cascade(star(6), 4, 20, [1, 2], tie).failed[0]


def test_a_bank_that_lent_nothing_and_one_whose_borrowers_live_never_fail():
    assert threshold_cascade(star(3), 0, 20, [0]).failed.tolist() == [True] + [False] * 3
    assert threshold_cascade(star(3), 0, 20, []).failed.tolist() == [False] * 4


@pytest.mark.parametrize("point", [c for c in GAI_KAPADIA if c["z"] in (3, 5, 7)], ids=str)
def test_contagion_is_as_frequent_as_in_the_reference_simulation(point):
    """150 draws of 1000 banks, seed 5: within four standard errors of both frequencies together."""
    rng, n, n_draws, n_spread = np.random.default_rng(5), 1000, 150, dict.fromkeys(("s", "w"), 0)
    for _ in range(n_draws):
        n_links = rng.binomial(n * (n - 1), point["z"] / (n - 1))
        lender, other = np.divmod(rng.choice(n * (n - 1), n_links, replace=False), n - 1)
        borrower = other + (other >= lender)
        lent = sp.csr_array((np.ones(n_links), (lender, borrower)), shape=(n, n))
        first = rng.integers(n)
        for key, tie in (("s", "survives"), ("w", "fails")):
            n_spread[key] += threshold_cascade(lent, 4, 20, [first], tie).failed.sum() > 0.05 * n
    for key, name in (("s", "strict"), ("w", "weak")):
        expected = point[name]["freq"]
        error = np.hypot(point[name]["freq_se"], np.sqrt(expected * (1 - expected) / n_draws))
        assert abs(n_spread[key] / n_draws - expected) < 4 * error


PAIR = [[0.0, 1.0], [2.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: clear_interbank([[0, -3], [0, 0]], [1, 1]), r"liabilities\[0, 1\] = -3.0"),
        (lambda: clear_interbank([[0, np.nan], [0, 0]], [1, 1]), "nan: must be finite"),
        (lambda: clear_interbank([[0, 1], [0, 5]], [1, 1]), r"\[1, 1\] = 5.0: must be 0"),
        (lambda: clear_interbank([[0, 1, 2]], [1]), r"shape \(1, 3\)"),
        (lambda: clear_interbank(np.zeros((0, 0)), []), r"shape \(0, 0\)"),
        (lambda: clear_interbank([0, 1], [1, 1]), "liabilities has shape"),
        (lambda: clear_interbank("many", [1]), "liabilities"),
        (lambda: clear_interbank(PAIR, [1]), r"external_assets has shape \(1,\), must be \(2,\)"),
        (lambda: clear_interbank(PAIR, [1, -1]), r"external_assets\[1\] = -1.0"),
        (lambda: clear_interbank(PAIR, [1, 1], [np.inf, 0]), r"external_liabilities\[0\] = inf"),
        (lambda: clear_interbank(PAIR, [1, 1], None, 1.2), "recovery_external = 1.2: .* 0 to 1"),
        (lambda: clear_interbank(PAIR, [1, 1], None, 1, np.nan), "recovery_interbank = nan"),
        (lambda: clear_interbank(nx.Graph([(0, 1)]), [1, 1]), "undirected"),
        (lambda: clear_interbank(nx.DiGraph([(0, 1)]), [1, 1]), "must have a weight"),
        (lambda: clear_interbank([[0, 1e308], [0, 0]], [1, 1], [1e308, 0]), "finite sum"),
        (lambda: debtrank(PAIR, [1, 0], [0, 0]), r"equity\[1\] = 0.0: must be above 0"),
        (lambda: debtrank(PAIR, [1, 1], [0, 1.5]), r"distress\[1\] = 1.5: .* 0 to 1"),
        (lambda: debtrank(PAIR, [1, 1], [0, 1], [0.5, 0.6]), "weights sum to 1.1: must sum to 1"),
        (lambda: debtrank(np.zeros((2, 2)), [1, 1], [0, 1]), "weights = None"),
        (lambda: debtrank(PAIR, [1, 1], [0, 1], mode="cyclic"), "'original' or 'differential'"),
        (lambda: debtrank(PAIR, [1, 1], [1e-12, 0], mode="differential"), "raise distress"),
        (lambda: threshold_cascade(PAIR, 0.04, 20, [0]), "capital must be a whole number"),
        (lambda: threshold_cascade(PAIR, 4, [20, -1], [0]), r"interbank_assets\[1\] = -1"),
        (lambda: threshold_cascade(PAIR, 4, 20, [2]), "must be from 0 to 1"),
        (lambda: threshold_cascade(PAIR, 4, 20, [0.0]), "positions"),
        (lambda: threshold_cascade(PAIR, 4, 20, [0], "lives"), "'fails' or 'survives'"),
    ],
)
def test_what_is_no_network_is_refused_with_what_was_given(call, said):
    with pytest.raises(InvalidInput, match=said) as refusal:
        call()
    assert isinstance(refusal.value, UnwindError) and isinstance(refusal.value, ValueError)


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidInput) as refusal:
        clear_interbank([[1, -2], [0, 0]], [1, np.nan], [1, 2, 3], 7, -1)
    said = str(refusal.value)
    words = ("[0, 1] = -2.0", "[0, 0] = 1.0", "assets[1]", "(3,)", "external = 7", "interbank = -1")
    assert all(word in said for word in words)


def test_a_callers_network_is_left_as_it_was():
    debts = sp.csr_array(np.array([[0.0, 10.0], [0.0, 0.0]]))
    before = debts.toarray()
    clear_interbank(debts, [6, 1])
    debtrank(debts, [1, 1], [0, 1])
    assert (debts.toarray() == before).all()
