"""Handouts: a map and a table for each body of the policy and each township, on paper."""

from siting.outputs.paper.bodies import Body, all_bodies, find_body
from siting.outputs.paper.handout_pack import Order, worker_count, write_handouts, write_map

__all__ = [
    "Body",
    "Order",
    "all_bodies",
    "find_body",
    "worker_count",
    "write_handouts",
    "write_map",
]
