"""Files and folders: written whole or not at all, and read with our own errors.

Every writer fills a hidden sibling and renames it into its place, so a reader never meets half a
file. A file is one rename. A folder needs two (the old one out, the new one in), and a kill between
them leaves nothing under its name; :func:`settle` finishes such a swap at the next access, and
whoever reads a folder calls it first.

Libraries report a full disk, or a file they cannot open, each in its own way: :func:`writing` and
:func:`reading` make one error of ours of all of them.
"""

from siting.files.opening import (
    expanded,
    is_file,
    read_bytes,
    read_json,
    read_text,
    reading,
    require_form,
)
from siting.files.whole import (
    is_full,
    merged_folder,
    settle,
    unwritable,
    whole_file,
    whole_folder,
    write_layer,
    write_whole,
    writing,
)

__all__ = [
    "expanded",
    "is_file",
    "is_full",
    "merged_folder",
    "read_bytes",
    "read_json",
    "read_text",
    "reading",
    "require_form",
    "settle",
    "unwritable",
    "whole_file",
    "whole_folder",
    "write_layer",
    "write_whole",
    "writing",
]
