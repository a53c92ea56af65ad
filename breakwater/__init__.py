"""The lab environment of the course: engines, faults, checks, the ledger, the learner's workspace.

In a notebook: ``from breakwater import shop, predict``.
"""
