"""`code`: the program in a reply passes tests."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from filters.programs import called_names, program_of
from filters.sandbox.outside import Limits, run_script, run_tests
from filters.verifier import CodeNotAllowed, Row, Verdict, Verifier


class Pair(NamedTuple):
    """What a program reads and what it must then write."""

    input: str
    output: str


class Code(Verifier):
    """The Python program in the reply passes unit tests, or writes the right output for each input.

    It runs on Linux without network, other processes or files but Python's own library, in an empty folder, under
    limits on time, memory, threads and output; where the system does not grant that, nothing is run. Outputs are
    compared outside. Unit tests run in another process, which only gets plain data from the program, so that it cannot
    patch a comparison, read the tests, or end them early. Off unless whoever opens the verifier allows it.
    """

    runs_code: ClassVar[bool] = True

    tests: tuple[str, ...] = Field(default=(), max_length=200)
    """Tests, each a piece of Python that raises where the program is wrong: `assert add(1, 2) == 3`."""
    setup: str = Field(default="", max_length=20_000)
    """Python that runs before the tests, where they do."""
    pairs: tuple[Pair, ...] = Field(default=(), max_length=100)
    """Inputs and outputs `[input, output]` of a program that reads and writes text; white space at the ends of lines
    does not count."""
    seconds: int = Field(default=5, ge=1, le=30)
    """CPU time, for all tests together or for one input; twice as much of wall time."""
    memory_mib: int = Field(default=512, ge=64, le=4096)
    """Memory that the program may use."""
    partial: bool = False
    """Whether the score is the share of tests or inputs that pass; otherwise all must."""

    @model_validator(mode="after")
    def _tests_or_pairs(self) -> Self:
        if bool(self.tests) == bool(self.pairs):
            raise ValueError("expected either tests or pairs")
        return self

    def verify(self, row: Row, response: str) -> Verdict:
        """Run the program.

        Raises:
            CodeNotAllowed: it was not opened with leave to run programs.
            SandboxUnavailable: this machine cannot shut programs in.
        """
        del row
        if not self._code_allowed:
            raise CodeNotAllowed(
                "the verifier 'code' runs programs that a model wrote; open it by `open_verifiers` with "
                "`allow_code=True`"
            )
        source = program_of(response, called_names(self.tests))
        if source is None:
            return Verdict(0.0, None, "no program")
        source = source.encode("utf-8", "replace").decode()
        limits = Limits(self.seconds, self.memory_mib << 20)
        outcomes = self._tested(source, limits) if self.tests else self._compared(source, limits)
        if "unusable test" in outcomes:
            return Verdict(None, None, "tests cannot be run")
        passed = sum(outcome == "passed" for outcome in outcomes)
        expected = len(self.tests) or len(self.pairs)
        fault = next((outcome for outcome in outcomes if outcome != "passed"), "tests end")
        if passed == expected == len(outcomes):
            return Verdict(1.0, source[:2000])
        return Verdict(passed / expected if self.partial else 0.0, source[:2000], _REASONS.get(fault, fault))

    def compliant(self, row: Row) -> str | None:
        """The first reference, as a code block."""
        reference = super().compliant(row)
        return reference if reference is None or "```" in reference else f"```python\n{reference}\n```"

    def _tested(self, source: str, limits: Limits) -> list[str]:
        return run_tests(source, self.setup, self.tests, limits)

    def _compared(self, source: str, limits: Limits) -> list[str]:
        outcomes = []
        for pair in self.pairs:
            ran = run_script(source, pair.input, limits)
            right = _lines(ran.output) == _lines(pair.output)
            outcomes.append(ran.problem or ("passed" if right else "failed"))
            if outcomes[-1] != "passed" and not self.partial:
                break
        return outcomes


_REASONS = {"failed": "a test fails", "an error": "program fails"}


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
