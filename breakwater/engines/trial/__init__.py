"""A trial: a learner's image, or composition, built and run on this machine's Docker for a judge.

The Engine is the sandbox. No file of a learner's reaches it that was not parsed, held to an allow-list and printed
anew by us (`allowed`, `described`); builds have no network; what runs is bounded; and everything carries the label of
its trial, by which it is cleared away, whoever was killed meanwhile (`labels`).
"""
