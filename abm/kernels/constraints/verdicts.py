"""Verdicts on institutions, and reasons of forced orders."""

NO_VERDICT, CALL, RUINED, UNMET, LOSS_CUT_HIT, IN_DEBT = 0, 1, 2, 3, 4, 5  # books.verdict
NOT_FORCED, CLOSES, MEETS_CALL, REPAYS = 0, 1, 2, 3  # books.forced
