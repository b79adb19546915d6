"""Tables and vector files of any office, read as they are kept."""
