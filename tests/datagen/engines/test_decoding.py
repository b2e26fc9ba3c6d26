"""Draws, penalties and ends, on logits written by hand."""

import pytest

torch = pytest.importorskip("torch", reason="needs torch and transformers: make test-train")

from datagen.engines._decoding import Draw, Ends, Penalties, uniforms  # noqa: E402

CPU = torch.device("cpu")


def test_draws_follow_the_distribution() -> None:
    rows = 20_000
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.15, 0.05, 0.0])
    draw = Draw([], uniforms(range(rows), [1] * rows, CPU), logprobs=True)
    left = draw(torch.zeros(rows, 1, dtype=torch.long), probabilities.log().expand(rows, -1))
    picked = left.argmax(-1)
    shares = torch.bincount(picked, minlength=6) / rows
    # Four standard errors of a share of a half.
    assert torch.allclose(shares, probabilities, atol=0.015)
    assert shares[1] == shares[5] == 0
    assert torch.allclose(draw.logprobs[0], probabilities[picked].log())
    assert not draw.broken.any()


def test_a_rows_draws_depend_on_its_seed_alone() -> None:
    alone = uniforms([7], [50], CPU)[0]
    among = uniforms([1, 7, 3], [80, 50, 100], CPU)
    assert torch.equal(among[1, :50], alone)
    assert not torch.equal(among[0, :50], alone)
    assert ((alone >= 0) & (alone < 1)).all()


def test_the_ends_of_the_unit_interval_draw_possible_tokens() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, 0.0, -torch.inf]] * 2)
    edges = torch.tensor([[0.0], [1 - 2**-53]], dtype=torch.float64)
    assert Draw([], edges, logprobs=False)(torch.zeros(2, 1), logits).argmax(-1).tolist() == [1, 2]


def test_logits_that_are_no_numbers_are_told() -> None:
    draw = Draw([], None, logprobs=False)
    draw(torch.zeros(2, 1), torch.tensor([[0.0, 1.0], [torch.nan, 1.0]]))
    draw(torch.zeros(2, 1), torch.zeros(2, 2))
    assert draw.broken.tolist() == [False, True]


def test_the_likeliest_token_is_left_to_the_caller() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0]])
    assert torch.equal(Draw([], None, logprobs=False)(torch.zeros(1, 1), logits), logits)
    told = Draw([lambda _, logits: -logits], None, logprobs=True)
    assert told(torch.zeros(1, 1), logits).argmax(-1).tolist() == [0]
    assert torch.equal(told.logprobs[0], logits.log_softmax(-1)[:, 0])


@pytest.mark.parametrize(
    ("frequency", "presence", "expected"),
    [
        # The answer so far is tokens 1, 1, 2; the prompt, 0 and 3, does not count.
        (0.5, 0.0, [0.0, -1.0, -0.5, 0.0]),
        (0.0, 0.5, [0.0, -0.5, -0.5, 0.0]),
        (1.0, -0.5, [0.0, -1.5, -0.5, 0.0]),
    ],
)
def test_penalties(frequency: float, presence: float, expected: list[float]) -> None:
    tokens = torch.tensor([[0, 3, 1, 1, 2]])
    assert Penalties(2, frequency, presence)(tokens, torch.zeros(1, 4)).tolist() == [expected]


class Letters:
    """A tokenizer whose tokens are letters."""

    def batch_decode(self, rows: torch.Tensor, **_: object) -> list[str]:
        return ["".join(chr(97 + token) for token in row) for row in rows.tolist()]


def test_rows_end_at_their_limit_or_stop_text() -> None:
    # The first two tokens are the prompt: a stop text in it, or half in it, ends nothing.
    rows = torch.tensor([[0, 1, 2, 9, 0, 1, 5], [0, 1, 5, 5, 5, 5, 5], [0, 0, 1, 3, 3, 3, 3]])
    ends = Ends(Letters(), 2, torch.tensor([9, 3, 9]), [], ("ab", "zzzzz"), lambda: False, leave=False)
    assert [ends(rows[:, :length], None).tolist() for length in range(3, 8)] == [
        [False, False, False],
        [False, False, False],
        [False, True, False],
        [True, True, False],
        [True, True, False],
    ]
    assert ends.lengths == {0: 4}


def test_rows_end_with_an_end_token_and_stay_at_their_end() -> None:
    # An end token in the prompt ends nothing.
    rows = torch.tensor([[7, 1, 2, 3], [0, 1, 7, 0], [0, 1, 2, 8]])
    ends = Ends(Letters(), 1, torch.tensor([9, 9, 9]), [7, 8], (), lambda: False, leave=False)
    assert [ends(rows[:, :length], None).tolist() for length in range(2, 5)] == [
        [False, False, False],
        [False, True, False],
        [False, True, True],
    ]


def test_all_rows_end_when_half_have_and_the_others_go_on() -> None:
    rows = torch.tensor([[0, 1, 7, 0, 0], [0, 1, 2, 3, 7], [0, 1, 2, 3, 4]])
    ends = Ends(Letters(), 1, torch.tensor([9, 9, 3]), [7], (), lambda: False, leave=True)
    assert ends(rows[:, :3], None).tolist() == [True, False, False]
    assert ends(rows[:, :4], None).tolist() == [True, True, True]
    assert ends.ended.tolist() == [True, False, True]
    ends.keep(torch.tensor([1]))
    assert ends(rows[1:2, :4], None).tolist() == [False]
    assert ends(rows[1:2, :5], None).tolist() == [True]


def test_all_rows_end_when_the_run_does() -> None:
    ends = Ends(Letters(), 1, torch.tensor([9, 9]), [], (), lambda: True, leave=True)
    assert ends(torch.zeros(2, 2, dtype=torch.long), None).tolist() == [True, True]
    assert ends.ended.tolist() == [False, False]
