"""What buyers were told, kept in a file: every entry comes back as it was, whoever appends, and however it ends."""

import multiprocessing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakwater import told
from breakwater.buyer import Answer, Held
from breakwater.errors import BadInput
from breakwater.ledger import FaultWindow

words = st.text(max_size=12)
seconds = st.floats(0, 2e9)
bodies = st.recursive(st.none() | st.integers() | words, lambda inner: st.dictionaries(words, inner, max_size=3))
answers = st.builds(
    Answer,
    *[words] * 5,
    seconds,
    seconds,
    st.none() | st.integers(100, 599),
    st.none() | words,
    bodies,
    words,
)
holds = st.builds(Held, *[words] * 3, seconds, seconds, st.none() | st.integers(100, 599), words, seconds, words)
faults = st.builds(FaultWindow, words, words, seconds, st.none() | seconds)


KINDS = {Answer: told.Recorder.answer, Held: told.Recorder.held, FaultWindow: told.Recorder.fault}


@given(st.lists(answers | holds | faults, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_comes_back_as_it_was(tmp_path, entries) -> None:
    file = tmp_path / "deep" / "told.jsonl"
    file.unlink(missing_ok=True)
    with told.Recorder(file) as recorder:
        for entry in entries:
            KINDS[type(entry)](recorder, entry)
    known = told.read(file)
    for kind, kept in ((Answer, known.answers), (Held, known.held), (FaultWindow, known.faults)):
        assert list(kept) == [entry for entry in entries if isinstance(entry, kind)]


def one(n: int, size: int = 0) -> Answer:
    return Answer(f"b{n}", "opening-night", "A1", "4242424242424242", f"r{n}", 1.0, 0.1, 201, f"o{n}", "x" * size)


def append(path, first: int) -> None:
    with told.Recorder(path) as recorder:
        for n in range(first, first + 50):
            recorder.answer(one(n, 20_000))


def test_lines_of_several_processes_stay_apart(tmp_path) -> None:
    file = tmp_path / "told.jsonl"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append, args=(file, 50 * n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert sorted(answer.buyer for answer in told.read(file).answers) == sorted(f"b{n}" for n in range(150))


def test_a_line_that_its_writer_did_not_end_is_left_out(tmp_path) -> None:
    file = tmp_path / "told.jsonl"
    with told.Recorder(file) as recorder:
        recorder.answer(one(1))
        recorder.answer(one(2))
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert told.read(file).answers == (one(1),)


@pytest.mark.parametrize("line", ["{", "[]", '{"rumour": {}}', '{"answer": {"buyer": "b"}}', '{"answer": 7}', "7"])
def test_a_line_that_is_no_entry_is_named(tmp_path, line) -> None:
    file = tmp_path / "told.jsonl"
    with told.Recorder(file) as recorder:
        recorder.answer(one(1))
    with file.open("a") as more:
        more.write(line + "\n")
    with pytest.raises(BadInput, match="line 2: not what a buyer was told"):
        told.read(file)
