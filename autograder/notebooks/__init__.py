"""Notebooks: read as a stranger's file, repaired, run in a jail, and scored by nbgrader's rules."""
