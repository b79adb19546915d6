"""A plan in words and tables of text, whatever shows them."""
