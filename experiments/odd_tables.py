"""The tables of abm/ODD.md that the code can write itself, so that they never drift.

    python -m experiments.odd_tables           writes them anew and prints what changed
    python -m experiments.odd_tables --check   prints what is stale and ends with 1; writes nothing

The map says which functions hold an equation (their docstrings carry its number) and which tests
put it to the test; the parameter table is what the scenario's own declarations say, with the values
of world-2024; the tables of columns are those of abm/runs/columns.toml, which files of results
carry too. Each stands in ODD.md between two markers.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from abm.runs.columns import columns_of
from abm.scenario import Parameter, Scenario, load_scenario, parameter_table
from abm.scenario.fields import Part, note
from abm.scenario.template import parameters_of_other_kinds

ROOT = Path(__file__).resolve().parents[1]
ODD = ROOT / "abm" / "ODD.md"
SCENARIO = "world-2024"
# Rooms of abm/ in which equations live.
ROOMS = ("kernels", "population", "measures", "attribution", "stress")

# Tables of a result, and what the first column of their description is called.
COLUMNS = {
    "days": "column",
    "indicators": "column",
    "events": "column",
    "institutions": "column",
    "edges": "column",
    "summary": "key",
    "cascade": "key",
}

# **(M12) Margin rate.** opens the equation of that number in ODD.md.
EQUATION = re.compile(r"^\*\*\(M(\d+)\) ([^*]+)\.\*\*", re.MULTILINE)
# (M12), (M2, M3) or (M19 to M22) in a docstring or a comment.
MARK = re.compile(r"\((M\d+(?:(?:, | to )M\d+)*)\)")

# Keys that differ in one name only share a row of the parameter table.
TOGETHER = (
    (re.compile(r"^instruments\.(\w+)\.(\w+)$"), r"instruments.*.\2", r"\1"),
    (re.compile(r"^correlations\.(.+)$"), "correlations", r"\1"),
    (re.compile(r"^funds\.styles\.(\w+)\.weights\.(\w+)$"), "funds.styles.*.weights", r"\1-\2"),
    (re.compile(r"^funds\.styles\.(\w+)\.(\w+)$"), r"funds.styles.*.\2", r"\1"),
    (re.compile(r"^bonds\.(\w+)\.(\w+)$"), r"bonds.*.\2", r"\1"),
    (re.compile(r"^news\.(\w+)\.moves\.(\w+)$"), "news.*.moves", r"\1-\2"),
    (re.compile(r"^news\.(\w+)\.(\w+)$"), r"news.*.\2", r"\1"),
    (
        re.compile(r"^policy\.mof\.interventions\.(\w+)\.(\w+)$"),
        r"policy.mof.interventions.*.\2",
        r"\1",
    ),
    (
        re.compile(r"^(\w+)\.(weights|tilt|opening_signal|gamma_usd_bn|betas|share)\.(\w+)$"),
        r"\1.\2",
        r"\3",
    ),
)
LISTED_BY_NAME = re.compile(r"\.\*\.name$")  # the names already label the values

# Tests of each equation, by file below tests/ and name. Those of `WHOLE_DAY` run every line.
TESTS: dict[int, tuple[str, ...]] = {
    1: ("test_market.py:test_buying_a_foreign_asset_buys_its_currency",),
    2: ("agents/test_views.py:test_wealth_and_borrowing_follow_a_write_at_once",),
    3: (
        "population/test_exposures.py:test_leverage_of_a_book_with_debt_and_no_wealth_is_infinite",
    ),
    4: ("kernels/banks/test_banks.py:test_loan_books_are_what_clients_owe_by_share",),
    5: ("population/test_exposures.py:test_balance_sheets_of_the_nodes_balance",),
    6: (
        "scenario/test_world.py:test_the_script_of_2024_falls_on_its_days_and_sixty_days_follow_the_hike",
        "engine/test_calm.py:test_when_all_are_silent_prices_move_by_the_news_and_there_are_no_trades",
    ),
    8: ("kernels/contracts/test_ledger.py:test_ten_days_of_interest_and_coupons_by_hand",),
    9: ("kernels/contracts/test_ledger.py:test_a_coupon_is_paid_on_the_price_of_the_morning",),
    10: (
        "kernels/contracts/test_ledger.py:test_the_spread_goes_from_the_borrower_to_its_brokers_by_share",
    ),
    11: (
        "kernels/constraints/test_margin.py:"
        "test_at_a_twentieth_of_its_wealth_a_fund_closes_out_and_sits_out_120_days",
    ),
    12: (
        "kernels/test_own_losses.py:test_redemptions_and_subscriptions_by_hand",
        "kernels/test_own_losses.py:test_what_investors_see_by_hand",
        "kernels/contracts/test_ledger.py:test_redemptions_and_subscriptions_do_not_look_like_losses",
    ),
    13: (
        "kernels/behaviours/test_decisions.py:test_a_fund_wants_mean_over_risk_aversion_times_variance_within_its_limits",
    ),
    14: (
        "kernels/behaviours/test_decisions.py:test_a_fund_wants_mean_over_risk_aversion_times_variance_within_its_limits",
    ),
    15: (
        "kernels/behaviours/test_decisions.py:test_a_fund_wants_mean_over_risk_aversion_times_variance_within_its_limits",
        "kernels/behaviours/test_other_loans.py:test_leverage_wanted_with_both_loans_by_hand",
    ),
    16: (
        "kernels/behaviours/test_decisions.py:test_margin_rates_follow_fast_volatility_concentration_and_brokers",
    ),
    17: (
        "kernels/test_rules.py:test_margin_rates_by_hand",
        "kernels/constraints/test_margin.py:test_the_margin_rate_of_everyone_follows_the_rule_of_the_scenario",
    ),
    18: ("agents/test_python_agent_margin.py:test_its_broker_asks_margin_of_it",),
    19: (
        "kernels/behaviours/test_decisions.py:test_target_shares_of_a_fund_are_leverage_times_weights_and_yen_of_the_loan",
        "agents/test_views.py:test_every_agent_decides_as_the_kernel_does",
        "kernels/behaviours/test_other_loans.py:test_a_loan_in_three_currencies_by_hand",
    ),
    20: (
        "kernels/test_own_losses.py:test_leverage_on_the_book_by_hand",
        "kernels/behaviours/test_decisions.py:test_a_fund_wants_mean_over_risk_aversion_times_variance_within_its_limits",
    ),
    21: (
        "kernels/test_own_losses.py:test_value_at_risk_at_its_limit_is_a_99_percent_ten_day_loss",
    ),
    22: ("kernels/test_rules.py:test_what_a_hedge_fund_trades_towards",),
    23: (
        "kernels/numerics/test_weights.py:test_inverse_volatility_weights_are_the_reference",
        "kernels/numerics/test_weights.py:test_equal_risk_contributions_are_the_reference",
    ),
    24: (
        "kernels/behaviours/test_decisions.py:test_rule_followers_cut_six_tenths_a_day_and_rebuild_a_twentieth",
    ),
    25: (
        "kernels/test_rules.py:test_rule_followers_cut_fast_rebuild_slowly_and_ignore_small_gaps",
        "kernels/behaviours/test_decisions.py:test_rule_followers_sell_the_yen_of_their_nikkei_forward",
    ),
    26: ("engine/test_calm.py:test_rule_followers_hold_no_naked_currency",),
    27: (
        "kernels/test_rules.py:test_trend_followers_size_by_signal_over_volatility",
        "kernels/behaviours/test_decisions.py:test_a_trend_position_by_hand",
    ),
    28: (
        "kernels/behaviours/test_decisions.py:test_retail_traders_lean_against_each_cross_by_itself",
        "kernels/behaviours/test_decisions.py:test_retail_traders_stay_within_the_legal_leverage",
        "kernels/behaviours/test_decisions.py:test_margin_longs_buy_back_slowly_what_they_had_and_never_more",
    ),
    29: ("kernels/behaviours/test_decisions.py:test_an_insurers_first_purchase_by_hand",),
    30: (
        "kernels/constraints/test_margin.py:test_a_fund_with_enough_margin_is_left_alone",
        "kernels/constraints/test_margin.py:test_the_closing_threshold_counts_from_the_last_entry",
    ),
    31: (
        "kernels/constraints/test_margin.py:test_selling_at_a_call_restores_the_buffer_exactly",
        "kernels/constraints/test_margin.py:"
        "test_a_margin_long_in_shares_sells_a_share_a_day_and_never_in_the_rounds",
    ),
    32: (
        "kernels/constraints/test_liquidation.py:test_each_rule_sells_what_the_reference_sells",
        "kernels/constraints/test_margin.py:test_other_orders_of_sale_repay_the_same_loan",
    ),
    33: (
        "kernels/test_risk.py:test_the_nikkei_follows_the_yen_and_yesterdays_new_york",
        "kernels/test_shares_and_bonds.py:test_a_link_to_news_ignores_the_price_of_the_currency",
    ),
    34: (
        "kernels/markets/test_orders.py:test_an_order_by_hand",
        "kernels/markets/test_orders.py:test_residents_send_no_target_order_in_their_own_currency",
    ),
    35: (
        "kernels/markets/test_depth.py:test_depth_is_capital_in_dollars",
        "kernels/markets/test_impact.py:"
        "test_tanh_buys_three_quarters_of_its_capacity_at_one_capacity_down",
        "kernels/markets/test_impact.py:test_cont_schaanning_inverts_its_published_impact",
    ),
    36: (
        "kernels/markets/test_clearing_stress.py:"
        "test_small_matrices_give_the_excess_demand_of_all_institutions_and_its_slope",
    ),
    37: (
        "kernels/markets/test_clearing_stress.py:test_four_hundred_stressed_markets_clear_where_the_flow_rests",
        "kernels/markets/test_clearing.py:test_the_market_breaks_at_the_critical_shock_of_theory",
    ),
    38: ("kernels/numerics/test_linear.py:test_the_largest_real_part_is_that_of_lapack",),
    39: (
        "kernels/markets/test_settlement.py:test_at_a_limit_all_sellers_are_filled_by_the_same_share_and_buyers_in_full",
        "kernels/markets/test_settlement.py:test_no_institution_ends_with_a_currency_it_did_not_order",
    ),
    40: (
        "kernels/markets/test_settlement.py:test_both_legs_match_at_the_price_and_the_spread_paid_is_the_spread_received",
        "kernels/markets/test_settlement.py:test_residents_pay_for_shares_in_yen",
    ),
    41: ("kernels/constraints/test_margin.py:test_a_call_not_met_after_its_grace_is_a_failure",),
    42: (
        "kernels/constraints/test_margin.py:test_what_a_ruined_fund_owes_is_lost_by_its_brokers_by_share_once",
    ),
    43: ("kernels/banks/test_banks.py:test_what_dealers_earn_goes_to_core_banks_by_capital",),
    44: ("kernels/banks/test_banks.py:test_a_desk_keeps_a_fixed_share_of_its_banks_capital",),
    45: (
        "kernels/banks/test_interbank.py:test_a_chain_of_three_by_hand",
        "kernels/banks/test_interbank.py:test_depositors_are_senior",
        "kernels/banks/test_interbank.py:test_the_day_clears_as_the_library_does_with_depositors_first",
    ),
    46: (
        "kernels/banks/test_banks.py:test_a_failure_with_a_creditor_by_hand",
        "kernels/banks/test_banks.py:test_clients_of_a_failed_bank_move_in_part",
    ),
    47: (
        "kernels/banks/test_banks.py:test_lost_capital_comes_back_slowly_and_gains_are_paid_out_four_times_as_fast",
    ),
    48: (
        "kernels/banks/test_banks.py:test_a_bank_above_its_limit_recalls_the_excess_over_its_loans",
    ),
    49: (
        "kernels/test_risk.py:test_dealers_reference_moves_with_news_and_creeps_towards_the_price",
    ),
    50: ("kernels/test_risk.py:test_dealers_withdraw_by_volatility_and_head_room_of_core_banks",),
    51: (
        "kernels/test_risk.py:test_covariances_are_exponential_averages_of_squared_daily_returns",
    ),
    52: ("kernels/test_risk.py:test_trends_are_moving_averages_of_returns",),
    53: ("engine/test_calm.py:test_at_the_opening_books_no_institution_wants_to_trade",),
    54: ("kernels/test_risk.py:test_the_carry_short_counts_yen_owed_to_hold_something_else",),
    55: (
        "engine/test_conservation.py:"
        "test_units_currencies_dollars_and_wealth_are_conserved_on_every_day",
    ),
    56: ("engine/test_conservation.py:test_the_audit_sees_one_lost_unit_in_a_million",),
    57: ("kernels/test_record.py:test_a_fund_that_is_out_or_hardly_borrows_is_unlevered",),
    58: (
        "kernels/test_record.py:test_what_a_trade_closes_of_the_yen_short_is_what_the_short_falls_by",
    ),
    59: (
        "measures/test_cascade_measures.py:"
        "test_the_share_unwound_is_net_of_what_was_closed_without_the_shock",
    ),
    60: ("measures/test_broken_before.py:test_a_break_that_was_not_rebuilt_by_the_eve_is_told",),
    61: ("measures/test_broken_before.py:test_the_sign_of_a_shock_is_that_of_its_own_day",),
    62: (
        "measures/test_cascade_measures.py:test_the_class_turns_at_its_thresholds",
        "measures/test_broken_before.py:test_news_that_lowers_the_yen_breaks_no_dam",
    ),
    63: ("measures/test_broken_before.py:test_the_forced_share_by_hand",),
    64: (
        "measures/test_cascade_measures.py:"
        "test_the_frozen_move_is_net_of_what_frozen_positions_see_without_the_shock",
        "measures/test_broken_before.py:test_a_frozen_move_within_its_noise_amplifies_nothing",
    ),
    65: (
        "kernels/constraints/test_auto_liquidation.py:test_at_its_limit_a_loan_is_left_alone_and_above_it_not",
    ),
    66: (
        "kernels/constraints/test_auto_liquidation.py:test_one_liquidation_by_hand",
        "kernels/constraints/test_auto_liquidation.py:test_a_loan_still_above_its_limit_is_liquidated_again_in_the_next_round",
        "kernels/constraints/test_auto_liquidation.py:test_a_debt_beyond_the_collateral_is_the_lender_s_loss",
        "kernels/constraints/test_auto_liquidation.py:test_the_penalty_is_due_on_what_was_sold_at_a_price_limit_too",
    ),
    67: (
        "kernels/constraints/test_auto_liquidation.py:test_borrowers_lever_up_after_gains_and_wait_after_losses",
    ),
    80: (
        "population/test_news_volatility.py:test_three_days_of_two_factors_by_hand",
        "population/test_news_volatility.py:test_the_variance_of_news_stays_what_it_was_on_average",
    ),
    81: (
        "kernels/contracts/test_renewal.py:test_a_thousandth_of_the_accounts_leaves_with_its_gain",
    ),
    82: (
        "kernels/contracts/test_renewal.py:test_trade_takes_a_thousandth_and_owners_four_of_value_investors",
    ),
    68: (
        "kernels/test_own_losses.py:test_the_variance_of_a_book_by_hand",
        "kernels/test_own_losses.py:test_three_constants_give_the_variance_of_what_a_fund_holds",
        "kernels/behaviours/test_other_loans.py:"
        "test_three_constants_give_the_variance_of_a_book_with_both_loans",
    ),
    69: (
        "kernels/test_own_losses.py:test_an_own_return_and_its_size_by_hand",
        "kernels/behaviours/test_other_loans.py:test_its_own_return_counts_what_the_loan_has_cost",
    ),
    70: (
        "kernels/test_own_losses.py:test_risk_for_sizing_by_hand",
        "kernels/test_own_losses.py:test_a_gain_never_raises_the_margin_nor_the_sizing_risk",
    ),
    71: (
        "kernels/test_own_losses.py:test_a_margin_by_the_worst_loss_by_hand",
        "kernels/test_own_losses.py:test_risk_for_margins_by_hand",
        "kernels/behaviours/test_decisions.py:test_margin_rates_cover_the_worst_recent_loss_of_the_book",
    ),
    74: (
        "kernels/test_own_losses.py:test_risk_aversion_by_hand",
        "kernels/test_own_losses.py:test_preferences_are_those_at_the_reference_rates",
    ),
    75: ("kernels/test_own_losses.py:test_a_stop_is_reset_on_the_61st_morning_beyond_it",),
    77: (
        "kernels/test_own_losses.py:"
        "test_yen_shares_differ_around_those_of_the_style_and_keep_its_loan",
    ),
    78: (
        "kernels/test_own_losses.py:test_positions_follow_the_differential",
        "kernels/behaviours/test_other_loans.py:"
        "test_each_loan_follows_the_differential_of_its_own_currency",
    ),
    79: (
        "kernels/test_own_losses.py:"
        "test_retail_and_trend_followers_shed_their_short_at_zero_differential",
    ),
    84: (
        "kernels/behaviours/test_option_hedgers.py:test_a_fall_of_a_hundredth_by_hand",
        "kernels/behaviours/test_option_hedgers.py:test_their_gamma_is_a_share_of_depth_at_most",
    ),
    85: ("kernels/test_shares_and_bonds.py:test_value_investors_hurry_as_the_gap_widens",),
    86: (
        "kernels/behaviours/test_risk_appetite.py:test_remembered_losses_by_hand",
        "kernels/behaviours/test_risk_appetite.py:test_a_loss_lowers_shares_in_the_second_round_of_its_day",
    ),
    87: ("kernels/test_shares_and_bonds.py:test_money_flees_into_bonds_from_falling_shares",),
    88: (
        "kernels/test_shares_and_bonds.py:test_a_surprise_of_25_points_by_hand",
        "kernels/test_shares_and_bonds.py:test_a_fixed_coupon_is_paid_on_the_unit_and_yields_more_when_cheap",
    ),
    89: ("kernels/test_shares_and_bonds.py:test_a_margin_long_has_two_days_to_pay",),
    90: (
        "kernels/behaviours/test_order_anticipators.py:test_what_is_held_per_log_by_hand",
        "kernels/behaviours/test_order_anticipators.py:test_a_day_of_orders_is_learnt_by_hand",
    ),
    91: (
        "kernels/behaviours/test_order_anticipators.py:test_a_move_of_a_hundredth_by_hand",
        "kernels/behaviours/test_order_anticipators.py:test_the_book_is_what_capital_allows",
    ),
    92: (
        "kernels/behaviours/test_order_anticipators.py:"
        "test_gains_are_paid_out_and_losses_filled_up_in_every_currency",
    ),
    93: (
        "kernels/test_own_losses.py:"
        "test_what_a_fund_owes_tells_how_many_times_it_holds_its_mandate",
        "kernels/test_own_losses.py:test_funds_open_at_what_they_want_whatever_their_loan",
    ),
    94: (
        "population/test_channels.py:"
        "test_the_books_of_day_0_are_those_of_a_world_with_all_channels",
        "population/test_channels.py:"
        "test_with_every_channel_shut_the_books_balance_and_the_yen_rises_less",
    ),
    95: (
        "attribution/test_shapley.py:test_every_coalition_has_the_worth_of_its_whole_run",
        "attribution/test_shapley.py:test_triggers_are_there_or_left_out",
    ),
    96: (
        "measures/test_shapley.py:test_a_left_glove_among_two_right_ones_is_worth_two_thirds",
        "measures/test_shapley.py:test_shares_are_means_over_all_orders_and_add_up",
        "attribution/test_shapley.py:test_shares_and_the_part_without_any_add_up_to_the_whole",
    ),
    97: ("measures/test_shapley.py:test_a_mean_of_three_draws_and_its_error",),
    98: (
        "kernels/authorities/test_authorities.py:"
        "test_a_fall_of_shares_makes_hikes_wait_as_a_rise_of_the_yen_does",
    ),
    99: (
        "kernels/authorities/test_authorities.py:"
        "test_a_hike_waits_twelve_days_after_the_last_trigger_and_comes_at_the_next_meeting",
        "kernels/authorities/test_authorities.py:"
        "test_no_hike_within_cool_days_of_a_trigger_and_never_more_than_the_queue",
    ),
    100: (
        "kernels/authorities/test_authorities.py:"
        "test_a_silent_pause_waits_as_long_and_says_nothing",
        "engine/test_policy_runs.py:"
        "test_a_pause_that_is_heard_lowers_the_peak_and_a_silent_one_does_not",
    ),
    101: (
        "kernels/authorities/test_authorities.py:test_a_campaign_by_hand",
        "kernels/authorities/test_authorities.py:test_no_budget_is_ever_exceeded",
    ),
    102: (
        "kernels/authorities/test_authorities.py:"
        "test_yen_are_sold_day_by_day_while_they_have_risen_until_the_budget_is_spent",
        "engine/test_policy_runs.py:test_selling_yen_lowers_the_peak_and_forced_sales",
    ),
    103: (
        "kernels/authorities/test_authorities.py:"
        "test_the_dollar_rate_is_cut_every_ten_days_while_shares_are_volatile_and_not_below_its_floor",
    ),
    104: (
        "kernels/authorities/test_authorities.py:test_what_rules_tell_and_move_adds_to_the_script",
    ),
    105: (
        "kernels/banks/test_bank_rules.py:test_a_loan_weighs_by_its_borrowers_risk_over_that_through_the_cycle",
        "kernels/banks/test_bank_rules.py:test_what_a_banks_assets_require_by_hand",
        "kernels/banks/test_bank_rules.py:test_only_who_has_lost_costs_its_banks_more_capital",
    ),
    106: ("kernels/banks/test_bank_rules.py:test_a_bank_recalls_what_frees_the_capital_it_lacks",),
    107: ("kernels/banks/test_bank_rules.py:test_dealers_quote_by_the_root_of_the_head_room",),
    108: (
        "kernels/banks/test_bank_rules.py:test_a_book_is_a_share_of_the_assets_a_bank_opens_with",
        "kernels/banks/test_bank_rules.py:test_what_a_book_gains_is_its_banks_and_no_dollar_moves",
        "kernels/banks/test_bank_rules.py:test_a_book_earns_its_coupons_less_the_dollar_rate",
    ),
    109: ("kernels/banks/test_bank_rules.py:test_withdrawals_by_hand",),
    110: (
        "kernels/banks/test_bank_rules.py:test_reserves_pay_first_and_then_a_fire_sale",
        "kernels/banks/test_bank_rules.py:test_who_cannot_pay_what_is_withdrawn_closes_whatever_its_capital",
    ),
    111: (
        "kernels/banks/test_bank_rules.py:test_creditors_bear_what_their_claims_have_lost_and_get_it_back",
    ),
    112: (
        "kernels/banks/test_bank_rules.py:test_capital_is_its_parts_on_every_day_of_a_run_on_a_broker",
    ),
    113: ("kernels/banks/test_bank_rules.py:test_reserves_pay_first_and_then_a_fire_sale",),
    114: ("kernels/banks/test_bank_rules.py:test_all_that_a_failed_bank_owned_is_its_estates",),
    115: (
        "kernels/contracts/test_swaps.py:"
        "test_sums_are_those_of_ladders_and_dealers_hold_the_opposite_of_all_on_every_day",
    ),
    116: (
        "kernels/contracts/test_swaps.py:"
        "test_ten_days_of_basis_by_hand_come_from_who_needs_dollars_by_way_of_dealers",
        "kernels/contracts/test_swaps.py:"
        "test_a_position_of_a_year_books_what_the_carry_arithmetic_computes_to_the_cent",
    ),
    117: (
        "kernels/contracts/test_swaps.py:"
        "test_a_mark_is_the_gap_between_two_forwards_of_the_reference_at_maturity",
        "kernels/contracts/test_swaps.py:"
        "test_once_all_old_swaps_have_matured_no_margin_is_left_and_all_of_it_has_been_paid_back",
    ),
    118: (
        "kernels/contracts/test_swaps.py:"
        "test_a_wider_basis_reaches_a_book_as_its_swaps_mature_and_is_marked_at_once",
        "kernels/contracts/test_swaps.py:"
        "test_a_loan_that_is_repaid_in_half_closes_half_of_the_swaps_of_every_maturity",
    ),
    119: (
        "kernels/markets/test_basis.py:"
        "test_the_basis_is_the_calm_one_times_the_shortage_within_its_bounds",
        "kernels/markets/test_basis.py:"
        "test_an_unwind_of_yen_funded_trades_takes_dollars_out_of_the_swap_market",
        "kernels/markets/test_basis.py:test_insurers_who_hedge_more_ask_for_dollars",
        "kernels/markets/test_basis.py:"
        "test_a_currency_has_a_basis_of_its_own_size_on_its_own_squeeze",
        "kernels/markets/test_basis.py:"
        "test_who_owes_a_currency_through_swaps_lends_dollars_in_it_and_earns_its_basis",
    ),
    120: (
        "kernels/markets/test_basis.py:"
        "test_dollars_are_hoarded_when_shares_fall_and_the_dollar_has_risen",
    ),
    121: (
        "kernels/markets/test_basis.py:"
        "test_capacity_falls_with_the_root_of_banks_room_and_at_the_turn_of_the_year",
        "kernels/markets/test_basis.py:test_capacity_falls_with_the_core_banks_head_room",
    ),
    122: (
        "kernels/markets/test_basis.py:test_a_line_brings_the_basis_to_its_price_after_two_weeks",
        "kernels/markets/test_basis.py:"
        "test_the_line_opens_five_days_after_the_basis_is_wide_and_has_widened_fast",
    ),
    123: (
        "kernels/markets/test_basis.py:"
        "test_dollars_that_no_swap_supplies_are_bought_with_yen_up_to_a_limit_and_sold_again",
    ),
    124: ("kernels/contracts/test_swaps.py:test_whatever_is_altered_in_a_swap_account_is_seen",),
    130: ("measures/test_indicators.py:test_margin_slack_by_hand",),
    131: (
        "measures/test_indicators.py:test_overlap_of_three_books_by_hand",
        "measures/test_indicators.py:test_overlap_is_the_mean_over_all_pairs_of_the_matrix",
    ),
    132: ("measures/test_indicators.py:test_a_yen_that_falls_slowly_and_rises_fast_by_hand",),
    133: ("measures/test_indicators.py:test_returns_beside_a_rise_of_the_yen_by_hand",),
    134: (
        "measures/test_indicators.py:test_two_banks_that_sell_the_same_asset_by_hand",
        "measures/test_indicators.py:test_without_shorts_it_is_the_systemicness_of_the_paper",
    ),
    135: ("measures/test_indicators.py:test_a_chain_of_three_banks_by_hand",),
    136: (
        "kernels/behaviours/test_company.py:test_a_first_purchase_by_hand",
        "kernels/behaviours/test_company.py:"
        "test_hedges_go_slowly_once_the_rise_is_out_of_the_window",
        "kernels/behaviours/test_company.py:test_some_hedge_before_others",
    ),
    137: (
        "kernels/behaviours/test_company.py:"
        "test_owners_are_paid_and_losses_are_filled_up_by_revenue",
    ),
    138: (
        "kernels/behaviours/test_trader.py:"
        "test_on_its_day_it_sells_ten_times_its_money_in_yen_for_dollars",
    ),
    139: (
        "kernels/behaviours/test_trader.py:test_a_call_comes_below_a_twenty_fifth_of_the_position",
        "kernels/behaviours/test_trader.py:"
        "test_at_half_the_margin_it_is_stopped_out_and_keeps_what_is_left",
    ),
    150: (
        "kernels/contracts/test_repo.py:"
        "test_a_fund_owes_in_repo_a_share_of_its_bonds_less_the_haircut_and_brokers_the_rest",
        "kernels/contracts/test_repo.py:test_no_dollars_are_borrowed_to_be_kept",
    ),
    151: (
        "kernels/contracts/test_repo.py:"
        "test_a_haircut_covers_the_worst_loss_within_its_floor_and_its_cap",
        "kernels/contracts/test_repo.py:"
        "test_after_a_loss_of_four_daily_deviations_by_hand_and_forty_calm_years",
    ),
    152: (
        "kernels/contracts/test_repo.py:"
        "test_a_fall_in_price_is_called_in_the_morning_and_met_by_more_bonds_and_by_brokers",
        "kernels/contracts/test_repo.py:"
        "test_a_haircut_beyond_what_brokers_lend_sells_bonds_the_same_day",
    ),
    153: ("kernels/contracts/test_repo.py:test_the_lender_of_less_rations_all_alike",),
    154: (
        "kernels/contracts/test_repo.py:"
        "test_ten_days_of_spread_by_hand_go_to_the_money_funds_and_brokers_get_theirs_on_the_rest",
    ),
    155: ("kernels/contracts/test_repo.py:test_pledged_bonds_count_with_one_lender",),
    156: (
        "kernels/contracts/test_repo.py:"
        "test_at_failure_the_lender_bears_what_the_bonds_do_not_bring_and_brokers_the_rest",
        "kernels/contracts/test_repo.py:test_a_lender_of_half_loses_on_its_own_bonds_alone",
    ),
    157: (
        "kernels/contracts/test_repo.py:test_whatever_is_altered_in_an_account_of_repo_is_seen",
        "kernels/contracts/test_repo.py:"
        "test_in_a_storm_the_lenders_books_are_those_of_its_borrowers_every_evening",
    ),
    170: ("measures/test_indicators.py:test_the_day_of_2024_that_ties_the_short_to_the_cftc",),
    171: ("measures/test_indicators.py:test_carry_to_risk_of_july_2024_by_hand",),
    172: ("measures/test_indicators.py:test_carry_to_risk_of_july_2024_by_hand",),
    173: (
        "measures/test_indicators.py:test_absorption_is_that_of_numpys_weighted_covariance",
        "measures/test_indicators.py:test_independent_markets_absorb_a_fifth_each_and_one_factor_all",
    ),
    174: ("measures/test_indicators.py:test_a_shift_of_absorption_by_hand",),
    140: (
        "stress/test_contracts.py:test_an_option_is_the_discounted_mean_of_what_it_pays",
        "stress/test_contracts.py:test_garman_and_kohlhagen_by_hand",
    ),
    141: ("stress/test_contracts.py:test_volatility_is_expected_to_fade_to_calm",),
    142: ("stress/test_valuing.py:test_parts_add_up_to_the_cent_on_every_path",),
    143: ("stress/test_valuing.py:test_fully_hedged_earns_the_basis_whatever_the_spot_does",),
    144: (
        "stress/test_funding.py:test_a_call_by_hand_is_what_is_missing_in_the_currency_of_the_loan",
        "stress/test_funding.py:test_the_cost_of_a_sale_by_hand",
    ),
    145: ("stress/test_risk.py:test_lines_share_the_shortfall_and_the_mean_without_a_rest",),
    146: ("stress/test_risk.py:test_the_breakeven_of_one_carry_trade_is_that_of_abm_carry",),
    147: ("stress/test_risk.py:test_a_shocked_yen_lowers_the_sharpe_ratio_of_a_long_book",),
    190: (
        "stress/test_option_margin.py:test_the_rule_by_hand",
        "stress/test_option_margin.py:test_money_behind_an_option_does_not_meet_the_call_of_a_loan",
    ),
    193: (
        "stress/test_buying_back.py:"
        "test_so_many_are_bought_back_that_money_covers_the_margin_of_the_rest",
        "stress/test_buying_back.py:"
        "test_without_money_all_are_bought_back_and_their_price_is_owed_with_interest",
    ),
    191: ("stress/test_crif.py:test_a_treasury_rally_by_hand_at_three_maturities",),
    192: (
        "stress/test_crif.py:test_a_currency_that_rises_by_five_per_cent_earns_five_times_the_amount",
        "stress/test_crif.py:test_a_credit_spread_is_what_the_price_says_beyond_treasuries",
    ),
    182: (
        "stress/test_tilting.py:test_two_paths_have_only_one_pair_of_weights",
        "stress/test_tilting.py:test_three_paths_by_hand",
        "stress/test_tilting.py:test_a_normal_loss_tilted_by_a_standard_deviation_is_shifted_by_it",
    ),
    183: (
        "stress/test_reversing.py:"
        "test_shocks_are_the_scenario_with_news_of_so_many_standard_deviations",
        "stress/test_nearest.py:test_one_in_twenty_is_the_normal_quantile_and_entropy_half_a_square",
    ),
    184: (
        "stress/test_nearest.py:test_of_a_linear_portfolio_it_is_the_foot_of_the_perpendicular",
        "stress/test_nearest.py:test_one_in_twenty_is_the_normal_quantile_and_entropy_half_a_square",
    ),
    185: (
        "stress/test_nearest.py:test_the_smallest_size_is_found_to_half_a_unit_and_is_the_first",
        "stress/test_nearest.py:test_the_interval_of_a_median_of_ten_is_from_the_second_to_the_ninth",
    ),
    175: (
        "measures/test_warning.py:test_a_yen_that_rises_by_seven_per_cent_in_a_day_is_ahead_for_twenty",
        "measures/test_warning.py:test_a_cross_that_falls_by_eight_per_cent_is_ahead_for_ten",
    ),
    176: (
        "measures/test_warning.py:test_auroc_of_three_event_days_and_four_calm_ones_by_hand",
        "warning/test_warning_study.py:test_shuffled_labels_score_one_half",
    ),
    177: (
        "measures/test_warning.py:test_partial_auroc_is_one_if_perfect_half_by_chance_and_by_hand_between",
    ),
    178: ("measures/test_warning.py:test_usefulness_by_hand",),
    179: ("measures/test_warning.py:test_precision_by_hand",),
    180: ("measures/test_warning.py:test_alarms_and_lead_by_hand",),
    181: (
        "measures/test_warning.py:test_a_logistic_regression_on_one_column_of_two_values_is_the_log_odds",
    ),
}
WHOLE_DAY = (
    "engine/test_conservation.py:test_units_currencies_dollars_and_wealth_are_conserved_on_every_day",
    "engine/test_conservation.py:test_claims_are_liabilities_on_every_day",
    "engine/test_symmetry.py:test_the_order_of_institutions_does_not_matter",
    "engine/test_symmetry.py:test_two_identical_institutions_are_one_of_double_size",
    "test_model.py:test_day_by_day_gives_the_bytes_of_the_compiled_run",
)


def numbers_in(text: str) -> list[int]:
    """Equation numbers of all marks in a text; "M19 to M22" stands for all four."""
    found = []
    for group in MARK.findall(text):
        for part in group.split(", "):
            ends = [int(end.removeprefix("M")) for end in part.split(" to ")]
            found.extend(range(ends[0], ends[-1] + 1))
    return found


def marks() -> dict[int, list[str]]:
    """Equation number -> functions and modules whose docstring names it, as file:function."""
    where: dict[int, list[str]] = {}
    for room in ROOMS:
        for path in sorted((ROOT / "abm" / room).rglob("*.py")):
            file = path.relative_to(ROOT / "abm").as_posix()
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
                    place = file if isinstance(node, ast.Module) else f"{file}:{node.name}"
                    for number in numbers_in(ast.get_docstring(node) or ""):
                        where.setdefault(number, []).append(place)
    return dict(sorted(where.items()))


def equations(text: str) -> dict[int, str]:
    """Equation number -> its name, in the order of the ODD."""
    return {int(number): name for number, name in EQUATION.findall(text)}


def equation_map(text: str) -> str:
    """The map as Markdown: equation, what it is, functions, tests."""
    where = marks()
    lines = ["| equation | what | functions in `abm/` | tests in `tests/` |", "|---|---|---|---|"]
    for number, name in equations(text).items():
        functions = ", ".join(f"`{place}`" for place in where.get(number, []))
        tests = ", ".join(f"`{test}`" for test in TESTS.get(number, ())) or "whole day"
        lines.append(f"| M{number} | {name} | {functions} | {tests} |")
    lines += ["", "*Whole day*: " + ", ".join(f"`{test}`" for test in WHOLE_DAY) + "."]
    return "\n".join(lines)


def parameters() -> str:
    """The parameter table as Markdown, a part of the scenario after another."""
    scenario = load_scenario(SCENARIO)
    rows = [merged(rows) for rows in grouped(parameter_table(scenario))]
    rows += [rows[0] for rows in grouped(list(empty_tables(scenario)))]
    parts = list(dict.fromkeys(part_of(row) for row in rows))
    rows += other_kinds(scenario)
    lines: list[str] = []
    part = ""
    for row in sorted(rows, key=lambda row: parts.index(part_of(row))):
        here = part_of(row)
        if here != part:
            part = here
            lines += ["", f"#### `{part}`", ""]
            lines += [
                "| key | value | unit | range | source | meaning |",
                "|---|---|---|---|---|---|",
            ]
        lines.append("| " + " | ".join([f"`{row.key}`", *map(cell, row[1:])]) + " |")
    return "\n".join(lines[1:])


def empty_tables(part: Part, prefix: str = "") -> Iterator[Parameter]:
    """Tables of a part that have no entry in it: one row for each."""
    for name, field in type(part).model_fields.items():
        key, value = shared_key(f"{prefix}{name}")[0], getattr(part, name)
        below = {f"{prefix}{name}.": value}
        if isinstance(value, dict):
            below = {f"{prefix}{name}.{entry}.": each for entry, each in value.items()}
            if not value:
                said = (note(field, which) for which in ("unit", "range", "source", "meaning"))
                yield Parameter(key, "none", *said)
        for start, each in below.items():
            if isinstance(each, Part):
                yield from empty_tables(each, start)


def other_kinds(scenario: Scenario) -> list[Parameter]:
    """Choices of kinds that the scenario does not take, the kind beside the value; kinds that
    share one stand in one row.
    """
    found: dict[Parameter, list[str]] = {}
    for kind, row in parameters_of_other_kinds(scenario):
        found.setdefault(row._replace(value=spelt_default(row.value)), []).append(kind)
    return [
        row._replace(value=f"{row.value}with kind {' or '.join(kinds)}")
        for row, kinds in found.items()
    ]


def spelt_default(value: Any) -> str:
    """The default before the words that follow; nothing where a scenario has to give one."""
    return "" if value is PydanticUndefined else f"{spelt(value)} "


def part_of(row: Parameter) -> str:
    return row.key.partition(".")[0]


def column_rows(table: str, first: str) -> str:
    """The columns of a result's table, or numbers of a run, as Markdown."""
    lines = [f"| {first} | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.kind} | {column.unit or '–'} | {cell(column.meaning)} |"
        for column in columns_of(table)
    ]
    return "\n".join(lines)


def grouped(rows: list[Parameter]) -> Iterator[list[Parameter]]:
    """Rows that share a key but for one name, together, in the order of the first of them."""
    groups: dict[str, list[Parameter]] = {}
    for row in rows:
        groups.setdefault(shared_key(row.key)[0], []).append(row)
    yield from (found for key, found in groups.items() if not LISTED_BY_NAME.search(key))


def shared_key(key: str) -> tuple[str, str]:
    """(key with * for the name, name); a key of its own has no name."""
    for pattern, together, label in TOGETHER:
        if match := pattern.match(key):
            return match.expand(together), match.expand(label)
    return key, ""


def merged(rows: list[Parameter]) -> Parameter:
    """One row for all of a group, every value behind its name."""
    key, label = shared_key(rows[0].key)
    if not label:
        return rows[0]._replace(value=spelt(rows[0].value))
    values = (f"{shared_key(row.key)[1]} {spelt(row.value)}" for row in rows)
    return rows[0]._replace(key=key, value=", ".join(values))


def spelt(value: Any) -> str:
    """A value as a reader writes it; numbers to six digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(spelt, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def cell(text: str) -> str:
    """Text that a Markdown table can hold."""
    return text.replace("|", "\\|")


def with_tables(text: str) -> str:
    """The ODD with its tables as they should be."""
    columns = ((f"columns of {name}", column_rows(name, first)) for name, first in COLUMNS.items())
    tables = {"equations": equation_map(text), "parameters": parameters(), **dict(columns)}
    for name, table in tables.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        assert found_begin and found_end, f"{ODD.name} has lost its markers of {name}"
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return text


def stale(text: str) -> str:
    """Changes to come, as a unified diff; empty when all tables are fresh."""
    lines = text.splitlines(), with_tables(text).splitlines()
    return "\n".join(difflib.unified_diff(*lines, "kept", "as the code is", n=0, lineterm=""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if stale")
    asked = parser.parse_args()
    text = ODD.read_text(encoding="utf-8")
    difference = stale(text)
    print(difference or "all tables are fresh")
    if asked.check:
        return 1 if difference else 0
    ODD.write_text(with_tables(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
