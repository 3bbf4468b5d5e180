"""The same results wherever tasks run, and a death that does no harm."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from formats.quarantine import BadInput
from pipeline.executors import Executor, InlineExecutor, RayExecutor, make_executor, usable_cpus
from pipeline.progress import Display, report


@pytest.fixture(scope="module")
def ray_executor() -> Iterator[RayExecutor]:
    """Ray with two workers, for all tests of this file."""
    executor = RayExecutor(workers=2)
    try:
        yield executor
    finally:
        executor.close()


@pytest.fixture(scope="module", params=["inline", "ray"])
def executor(request: pytest.FixtureRequest) -> Executor:
    """Each executor in turn."""
    if request.param == "inline":
        return InlineExecutor()
    found: Executor = request.getfixturevalue("ray_executor")
    return found


def make_task() -> Callable[[Any], dict[str, Any]]:
    """A tiny task; made inside a function, so that it travels to workers by value."""

    def square(item: Any) -> dict[str, Any]:
        report(1, 10)
        return {"square": item["number"] ** 2, "process": os.getpid()}

    return square


def test_every_item_gives_its_result(executor) -> None:
    items = [{"number": n} for n in range(9)]
    results = dict(executor.run(make_task(), items))
    assert [results[n]["square"] for n in range(9)] == [n * n for n in range(9)]
    in_this_process = {result["process"] == os.getpid() for result in results.values()}
    assert in_this_process == {isinstance(executor, InlineExecutor)}
    assert list(executor.run(make_task(), [])) == []


def test_what_tasks_report_reaches_the_display(executor) -> None:
    """Workers do not wait for their counts to arrive: the last come with a later look."""
    with Display(live=False) as display, display.step("squares", 5):
        for _ in range(20):
            list(executor.run(make_task(), [{"number": n} for n in range(5)]))
            if display._documents >= 5:
                break
        assert display._documents >= 5
        assert display._text_bytes == 10 * display._documents


@pytest.mark.parametrize("error", [BadInput("a.jsonl:3: broken JSON"), KeyError("text"),
                                   FileNotFoundError(2, "gone", "a.jsonl")])  # fmt: skip
def test_an_error_keeps_its_class_and_its_words(executor, error) -> None:
    def fail(item: Any) -> dict[str, Any]:
        raise error

    with pytest.raises(type(error)) as caught:
        list(executor.run(fail, [{}]))
    assert str(caught.value) == str(error)


def test_a_task_whose_worker_is_killed_is_started_again(ray_executor, tmp_path: Path) -> None:
    """The worker dies once of SIGKILL with work in its hands; every result still comes, once."""

    def die_once(item: Any) -> dict[str, Any]:
        with open(item["log"], "a") as log:
            log.write(f"{item['number']}\n")
        if item["number"] == 3 and not os.path.exists(item["died"]):
            open(item["died"], "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"number": item["number"]}

    paths = {"log": str(tmp_path / "log"), "died": str(tmp_path / "died")}
    results = list(ray_executor.run(die_once, [{"number": n} | paths for n in range(6)]))
    assert sorted(results) == [(n, {"number": n}) for n in range(6)]
    assert (tmp_path / "died").exists()
    assert (tmp_path / "log").read_text().split().count("3") == 2


def test_a_run_outlives_its_progress_board(ray_executor) -> None:
    """The process that gathers progress dies; no result is lost, and progress comes again."""
    board = ray_executor._board
    process = ray_executor._ray.get(
        board.__ray_call__.remote(lambda self: __import__("os").getpid())
    )
    os.kill(process, signal.SIGKILL)
    results = dict(ray_executor.run(make_task(), [{"number": n} for n in range(30)]))
    assert len(results) == 30
    with Display(live=False) as display, display.step("squares", 5):
        while display._documents < 5:
            list(ray_executor.run(make_task(), [{"number": n} for n in range(5)]))


def test_a_task_that_kills_every_worker_ends_in_an_error(ray_executor) -> None:
    def die(item: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    with pytest.raises(Exception, match=r"(?i)worker.*died"):
        list(ray_executor.run(die, [{}]))
    assert dict(ray_executor.run(make_task(), [{"number": 2}]))[0]["square"] == 4  # it lives on


def test_a_worker_leaves_its_neighbours_cores_alone(ray_executor) -> None:
    def threads(item: Any) -> dict[str, Any]:
        import pyarrow as pa

        return {"threads": pa.cpu_count()}

    assert dict(ray_executor.run(threads, [{}])) == {0: {"threads": 1}}


def test_the_engine_is_chosen_by_its_name(ray_executor) -> None:
    assert isinstance(make_executor("inline", 4, None, set()), InlineExecutor)
    assert make_executor("inline", 4, None, set()).workers == 1
    assert ray_executor.workers == 2
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)
