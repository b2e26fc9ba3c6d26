"""Environments of their own: whole or not there, made from a folder of wheels, by one process at a time."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import Failure, UserError
from filters.environments import Environment, given_python

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, and wheels from a folder alone: no index is asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    # What somebody says to uv goes before what is said to pip.
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    make_wheel(tmp_path / "wheels", "lantern", "1.2", "LIGHT = 'on'\n")
    make_wheel(tmp_path / "wheels", "broken", "1.0", "import nothing_of_that_name\n")
    return tmp_path / "cache" / "towerkit" / "environments"


def make_wheel(folder: Path, name: str, version: str, source: str) -> None:
    """A wheel of one module."""
    folder.mkdir(exist_ok=True)
    told = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", source)
        wheel.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{told}/RECORD", f"{name}.py,,\n{told}/METADATA,,\n{told}/WHEEL,,\n{told}/RECORD,,\n")


def environment(tmp_path: Path, *pins: str, module: str = "lantern") -> Environment:
    file = tmp_path / "pins.txt"
    file.write_text("# What it is for.\n" + "\n".join(pins) + "\n", "utf-8")
    return Environment(name="light", requirements=file, module=module, size="a kilobyte")


def test_it_is_made_once_from_a_folder_of_wheels(tmp_path: Path, cache: Path) -> None:
    told: list[Mapping[str, Any]] = []
    light = environment(tmp_path, "lantern==1.2  # the newest")
    assert (light.pins(), light.pinned("lantern")) == (["lantern==1.2"], "1.2")
    python = light.python(told.append)
    said = subprocess.run([python, "-I", "-c", "import lantern; print(lantern.LIGHT)"], capture_output=True, text=True)
    assert said.stdout == "on\n"
    assert told[0] == {"state": "making the light environment: 1 packages, a kilobyte"}
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [light.folder().name]
    told.clear()
    assert light.python(told.append) == python
    assert told == []


def test_other_pins_lie_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = environment(tmp_path, "lantern==1.2").folder()
    commented = environment(tmp_path, "", "lantern==1.2 # as before").folder()
    other = environment(tmp_path, "lantern==1.3").folder()
    assert one == commented != other
    monkeypatch.setattr("platform.python_version", lambda: "3.12.9")
    assert environment(tmp_path, "lantern==1.2").folder() != one


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pins", "module", "words"),
    [
        (("lantern==9.9",), "lantern", "No matching distribution found for lantern==9.9"),
        (("lantern=!1.2",), "lantern", "Invalid requirement"),
        (("broken==1.0",), "broken", "No module named 'nothing_of_that_name'"),
    ],
)
def test_one_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, cache: Path, pins: tuple[str, ...], module: str, words: str
) -> None:
    light = environment(tmp_path, *pins, module=module)
    with pytest.raises(Failure, match="the light environment cannot be made") as failure:
        light.python(print)
    assert words in str(failure.value)
    assert "PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER" in str(failure.value)
    assert [path.name for path in cache.iterdir() if path.is_dir()] == []


MAKE = """
import sys
from pathlib import Path
from filters.environments import Environment
light = Environment(name="light", requirements=Path(sys.argv[1]), module="lantern", size="a kilobyte")
print(light.python(lambda told: print(dict(told), file=sys.stderr)))
"""


@pytest.mark.slow
def test_killed_makers_leave_nothing_usable_and_nothing_in_the_way(tmp_path: Path, cache: Path) -> None:
    light = environment(tmp_path, "lantern==1.2")
    for _ in range(2):
        maker = subprocess.Popen([sys.executable, "-c", MAKE, light.requirements], start_new_session=True)
        while not list(cache.glob(".light-*.making/bin/python")):
            assert maker.poll() is None
            time.sleep(0.01)
        os.killpg(maker.pid, signal.SIGKILL)
        maker.wait()
        assert not light.folder().exists()
    light.python(print)
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [light.folder().name]


def test_two_at_once_make_one(tmp_path: Path) -> None:
    light = environment(tmp_path, "lantern==1.2")
    command = [sys.executable, "-c", MAKE, light.requirements]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [maker.communicate() for maker in makers]
    assert {out for out, _ in said} == {f"{light.folder() / 'bin' / 'python'}\n"}
    assert sorted(err.count("making the light environment") for _, err in said) == [0, 1]
    assert light.folder().with_suffix(".log").read_text().count("pip install") == 1


@pytest.mark.skipif(not shutil.which("uv"), reason="needs uv on the PATH")
def test_uv_installs_where_it_is_there(tmp_path: Path) -> None:
    light = environment(tmp_path, "lantern==1.2")
    light.python(print)
    assert "uv pip install" in light.folder().with_suffix(".log").read_text()


def test_a_given_python_must_have_the_module(tmp_path: Path) -> None:
    assert given_python(Path(sys.executable), "json") == Path(sys.executable)
    with pytest.raises(UserError, match="No module named 'lantern'"):
        given_python(Path(sys.executable), "lantern")
    with pytest.raises(UserError, match="cannot be run: No such file"):
        given_python(tmp_path / "python", "json")
