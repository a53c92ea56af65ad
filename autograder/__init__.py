"""Judging a class: the sandbox, nbgrader's gradebook, release, collection and feedback."""
