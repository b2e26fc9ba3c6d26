"""What a training's command line says when it ends early."""

import pytest

from corpus.errors import Failure, UserError
from train.cli import exits


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("no such option"), 2, "error: no such option"),
        (Failure("the loss is no number"), 1, "failed: the loss is no number"),
        (
            PermissionError(13, "Permission denied", "models/sft"),
            1,
            "failed: [Errno 13] Permission denied: 'models/sft'",
        ),
        (
            ModuleNotFoundError("No module named 'trl'", name="trl"),
            2,
            "error: trl is not installed in this environment",
        ),
    ],
)
def test_what_went_wrong_is_a_line(error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, exits():
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith(words)


def test_a_fault_of_the_program_is_shown_whole() -> None:
    with pytest.raises(ModuleNotFoundError), exits():
        raise ModuleNotFoundError("No module named 'train.typo'", name="train.typo")
