"""What people look at: maps and words, made from a Plan alone."""
