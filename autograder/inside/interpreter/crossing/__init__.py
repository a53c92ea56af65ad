"""What may pass between a learner's process and the judge's, and how each reaches the other.

A test of a notebook runs in the judge. What it names and does not define itself lives in the learner's process: a
function becomes a call across the line, a value crosses as plain data, and anything else stays where it is and is
reached by reference. So there is nothing in the judge that a learner's code could have touched.

Both sides run this package: the learner's finds it where a notebook finds its libraries, without the grader.
"""
