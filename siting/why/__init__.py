"""Why a site is in a plan, or not: the plan's own problem, put up again and solved anew."""
