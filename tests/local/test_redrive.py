"""`make redrive` tells what it cannot redrive, in sentences."""

from typing import Any
from unittest.mock import Mock

import pytest

from local import redrive
from local.errors import LocalError
from orders.domain.order import TaskId

TASK = "01a1f804-f676-7425-8d36-c12d7c86e4b3.1.charge_payment"


def stack(**answer: Any) -> Any:
    return Mock(call=Mock(return_value=answer))


def test_given_failed_tasks_and_other_letters_when_shown_then_both_are(capsys: pytest.CaptureFixture[str]) -> None:
    task = {"id": TASK, "order_id": "01", "kind": "charge_payment", "attempts": 8, "last_error": "503"}
    letter = {"message_id": "m-1", "body": "[nothing]"}
    assert redrive.show(stack(tasks=[task], unknown=[letter])) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in (TASK, "TASKS=all", "m-1", "[nothing]", "name no task"))


def test_given_nothing_when_shown_then_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive.show(stack(tasks=[], unknown=[])) == 0
    assert capsys.readouterr().out == "There are no failed tasks.\n"


def test_given_a_task_that_has_not_failed_when_redriven_then_it_is_an_error() -> None:
    assert redrive.redrive(stack(redriven=1), [TASK]) == redrive.redrive(stack(redriven=0), ["all"]) == 0
    with pytest.raises(LocalError, match="Only failed tasks"):
        redrive.redrive(stack(redriven=0), [TASK])


@pytest.mark.parametrize("text", ["nope", "", "01.1.charge_payment", TASK.replace("charge", "change"), f"{TASK}.1"])
def test_given_no_id_of_a_task_when_parsed_then_the_error_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a task, which is <order id>"):
        TaskId.parse(text)
