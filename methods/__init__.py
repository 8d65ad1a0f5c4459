"""Methods that run in-process, one folder each."""
