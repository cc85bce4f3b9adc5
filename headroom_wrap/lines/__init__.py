"""Text taken as lines: what compressors of command output share. Lines in; labels, templates, folded text out."""
