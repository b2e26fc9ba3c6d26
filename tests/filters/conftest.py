"""What tests of filters and scorers share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small fastText model of English and German with labels in GlotLID's style, and one label that is no language."""
    import fasttext

    folder = tmp_path_factory.mktemp("model")
    english = ["the house and the garden", "this is what they had with them", "which of the things was that"]
    german = ["das Haus und der Garten", "dies ist was sie mit sich hatten", "welches der Dinge war das"]
    lines = ["__label__zxx_Latn 0101 0101 1001"]
    for one, other in zip(english, german, strict=True):
        lines += [f"__label__eng_Latn {one}", f"__label__deu_Latn {other}"]
    (folder / "train.txt").write_text("\n".join(lines * 20), encoding="utf-8")
    model = fasttext.train_supervised(
        str(folder / "train.txt"), dim=16, epoch=50, lr=0.1, minn=2, maxn=3, bucket=1000, thread=1, verbose=0
    )
    model.save_model(str(folder / "own.bin"))
    return folder / "own.bin"
