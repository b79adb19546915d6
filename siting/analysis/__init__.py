"""What the place is like: candidates, demand, travel and scores."""
