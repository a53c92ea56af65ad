"""A run as data: percentiles, seconds, errors by kind, files, a picture that says what it shows."""

import csv
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from breakwater.ledger.interleaving import FaultWindow
from breakwater.load.run import Run, Sample, keep, percentile, said

SAMPLES = (
    Sample("browse", 0.1, 0.1, 0.2),
    Sample("buy", 0.2, 0.2, 2.7),
    Sample("buy", 1.5, 1.6, 1.9, "503"),
    Sample("buy", 1.7, 1.7, 2.0, "503"),
    Sample("buy", 1.9, 1.9, 11.9, "no answer came within 10.0 s"),
)
FAULTS = (FaultWindow("payments stands still", "payments goes on", 101.0, 102.5),)
RUN = Run("open", "40 arrivals a second", 4.0, 100.0, SAMPLES, FAULTS)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1))
def test_a_percentile_is_one_of_the_numbers_and_so_many_do_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_a_wait_counts_from_the_intended_moment() -> None:
    assert Sample("buy", 1.0, 3.0, 3.5).wait_s == 2.5


def test_waits_are_told_by_name_and_in_all() -> None:
    assert (RUN.of("browse").count, RUN.of("buy").count, RUN.of().count) == (1, 4, 5)
    assert RUN.of("buy").p99_s == RUN.of("buy").max_s == 10.0
    assert RUN.of("nothing").max_s == 0.0
    assert RUN.errors == {"503": 2, "no answer came within 10.0 s": 1}
    assert RUN.served_per_s == 0.5


def test_each_second_tells_of_those_who_came_in_it_and_of_the_answers_given_in_it() -> None:
    seconds = RUN.over_time()
    assert [second.waits.count for second in seconds][:3] == [2, 3, 0]
    assert [second.waits.errors for second in seconds][:3] == [0, 3, 0]
    assert [second.served for second in seconds][:4] == [1, 0, 1, 0]
    assert len(seconds) == 12, "the last answer came in the twelfth"


def test_it_is_kept_as_json_and_csv(tmp_path: Path) -> None:
    files = keep(RUN, tmp_path / "kept", {"breaches": []})
    assert [file.name for file in files] == ["run.json", "over-time.csv", "requests.csv"]
    data = json.loads(files[0].read_text())
    assert data["waits"]["buy"]["errors"] == 3
    assert data["faults"] == [{"fault": "payments stands still", "began_s": 1.0, "healed_s": 2.5}]
    assert [row["count"] for row in csv.DictReader(files[1].open())][:2] == ["2", "3"]
    assert [row["error"] for row in csv.DictReader(files[2].open())].count("503") == 2


def test_it_reads_as_text() -> None:
    text = repr(RUN)
    assert text.startswith("40 arrivals a second for 4 s (open loop): 5 requests")
    assert "1.0 to 2.5 s: payments stands still" in text
    assert "not served: 2 × 503" in text


def test_a_generator_that_was_the_bottleneck_says_so_last() -> None:
    slow = Run("open", "9 arrivals a second", 1.0, 0.0, SAMPLES, saturated="The load generator was too slow.")
    assert list(said(slow))[-1].strip() == "The load generator was too slow."
    assert "The load generator was too slow." in slow.plot().alt


def test_the_picture_marks_each_fault_and_says_in_words_what_it_shows() -> None:
    picture = RUN.plot()
    assert "payments stands still" in picture.svg
    assert "from 1.0 to 2.5 s payments stands still" in picture.alt
    assert "3 were not served" in picture.alt
    assert "No fault was injected" in Run("closed", "1 user", 1.0, 0.0, ()).plot("buy").alt
