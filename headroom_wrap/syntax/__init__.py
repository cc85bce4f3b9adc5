"""Files as agents read them: which lines of a tool result show a file, and where that file's functions stand."""
