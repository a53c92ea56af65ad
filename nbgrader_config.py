"""nbgrader's configuration: its folders, and our parts of its pipeline.

`nbgrader autograde 09-resilience --force`, formgrader and the rest find it here. Plain nbgrader then judges in the
same sandbox as `course grade`, and takes a lab's scores from the judge's signed report.
"""

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import AssignLatePenalties, GetGrades, IgnorePattern, LimitOutput

from autograder.classroom import Classroom
from autograder.preprocessors import Execute, HideHiddenTests, RepairCells, SaveGrades
from breakwater import paths

c = get_config()  # noqa: F821

room = Classroom.here()
inside = room.root.is_relative_to(paths.ROOT)
folder = room.root.relative_to(paths.ROOT) if inside else room.root

c.CourseDirectory.root = str(paths.ROOT)
c.CourseDirectory.db_url = f"sqlite:///{room.gradebook}"
c.CourseDirectory.source_directory = "build/source"
c.CourseDirectory.release_directory = "modules"
c.CourseDirectory.submitted_directory = str(folder / "submitted")
c.CourseDirectory.autograded_directory = str(folder / "autograded")
c.CourseDirectory.feedback_directory = str(folder / "feedback")
# The shop is judged from where it was submitted; it is not copied from step to step.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "shop"]

c.ClearSolutions.code_stub = {"python": "# Your code here\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "*Your answer here.*"

c.Autograde.sanitize_preprocessors = [RepairCells]
c.Autograde.autograde_preprocessors = [
    Execute,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveGrades,
    AssignLatePenalties,
]
c.GenerateFeedback.preprocessors = [GetGrades, HideHiddenTests, CSSHTMLHeaderPreprocessor]
