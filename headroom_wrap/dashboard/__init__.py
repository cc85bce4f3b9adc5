"""Rows of the ledger in, rich renderables out: the dashboard, the live line, the summary at exit."""
