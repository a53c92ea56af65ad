"""The class's gradebook: nbgrader's own tables, written in one transaction a submission, and read as results."""
