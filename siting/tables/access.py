"""The values of the column ``access`` of a place that leave no room for cars of the public."""

NOT_PUBLIC = (
    "private", "no", "residents", "permit", "military", "employees", "delivery", "staff",
    "members", "agricultural", "forestry",
)  # fmt: skip
"""Values of an OSM access key that keep the public out."""

OTHER_USES = (
    "bicycles", "motorcycles", "lorries", "buses", "taxis", "boats", "campers", "lock_ups",
)  # fmt: skip
"""Uses besides those of OSM's keys: what a place or station is for instead of cars."""
