"""Submission files: the checker, writing, the ledger."""
