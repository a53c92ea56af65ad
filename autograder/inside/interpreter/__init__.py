"""The learner's side of the interpreter: a warm process that imports the libraries once, and a fork for each run.

It runs in a cell of the sandbox, without the course and without the tests (`autograder.confined`); each
fork goes on in a jail of its own (`jail`), and there runs the cells of one notebook as IPython would (`shell`).
Another warm process, in another cell, only reads notebooks (`reader`).
"""
