"""Labs: a submitted shop is judged from outside, and its notebook `lab.ipynb` carries the scores to nbgrader."""
