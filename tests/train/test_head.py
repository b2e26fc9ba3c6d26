"""The head on a processor gives what TRL's tiles give."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from train import head  # noqa: E402

NAMES = ("entropy", "log_sum_sq_probs", "mean_logits", "is_top1")


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    return torch.randn(37, 16), torch.randn(301, 16), torch.randn(301), torch.randint(0, 301, (37,))


def tiles(hidden, weight, bias, targets, temperature, scale, outputs):
    from trl.kernels import ChunkedLogProbFunction

    return ChunkedLogProbFunction.apply(hidden, weight, bias, targets, temperature, 64, None, scale, outputs)


def at_once(hidden, weight, bias, targets, temperature, scale, outputs):
    return head.log_prob_function().apply(hidden, weight, bias, targets, scale / temperature, outputs)


def ran(function, inputs, *, biased, temperature=1.0, scale=1.0, outputs=NAMES):
    """What a head gives, and the gradients of all that it is made of."""
    hidden, weight, bias, targets = inputs
    leaves = [each.clone().requires_grad_() for each in ((hidden, weight, bias) if biased else (hidden, weight))]
    found = function(*leaves[:2], leaves[2] if biased else None, targets, temperature, scale, outputs)
    loss = (found[0] * torch.linspace(0.5, 1, len(targets))).sum()
    if found[1] is not None:
        loss = loss + (found[1] * torch.linspace(-1, 1, len(targets))).sum()
    loss.backward()
    return found, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("temperature", "scale"), [(1.0, 1.0), (0.7, 1.0), (1.0, 0.25), (1.3, 2.0)])
def test_numbers_and_gradients_are_those_of_the_tiles(inputs, biased, temperature, scale):
    ours, ours_back = ran(at_once, inputs, biased=biased, temperature=temperature, scale=scale)
    theirs, theirs_back = ran(tiles, inputs, biased=biased, temperature=temperature, scale=scale)
    for mine, other in zip([*ours, *ours_back], [*theirs, *theirs_back], strict=True):
        if mine.dtype == torch.bool:
            assert torch.equal(mine, other)
        else:
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("asked", [(), ("entropy",), ("is_top1", "mean_logits"), ("log_sum_sq_probs",)])
def test_only_what_is_asked_for_is_computed(inputs, asked):
    found, _ = ran(at_once, inputs, biased=False, outputs=asked)
    assert [name for name, value in zip(NAMES, found[1:], strict=True) if value is not None] == [
        name for name in NAMES if name in asked
    ]


def test_under_autocast_the_product_is_made_in_bf16(inputs):
    with torch.autocast("cpu", torch.bfloat16):
        ours, ours_back = ran(at_once, inputs, biased=False)
        theirs, theirs_back = ran(tiles, inputs, biased=False)
    assert ours[0].dtype == torch.float32
    assert not torch.equal(ours[0], ran(at_once, inputs, biased=False)[0][0])
    torch.testing.assert_close(ours[0], theirs[0])
    for mine, other in zip(ours_back, theirs_back, strict=True):
        torch.testing.assert_close(mine, other, rtol=0.05, atol=0.02)


def test_the_weights_may_be_frozen(inputs):
    hidden, weight, _, targets = inputs
    hidden = hidden.clone().requires_grad_()
    at_once(hidden, weight, None, targets, 1.0, 1.0, ())[0].sum().backward()
    assert hidden.grad.abs().sum() > 0


def test_no_learned_position_gives_a_gradient_of_zeros(inputs):
    hidden, weight, _, targets = inputs
    weight = weight.clone().requires_grad_()
    at_once(hidden[:0], weight, None, targets[:0], 1.0, 1.0, ("entropy",))[0].sum().backward()
    assert weight.grad.abs().sum() == 0


@pytest.fixture
def model():
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from trl.trainer import utils

    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    made = Qwen2ForCausalLM(Qwen2Config(vocab_size=97, num_key_value_heads=2, **sizes))
    utils.add_fused_lm_head(made, outputs=("log_probs", "entropy", "is_top1"))
    return made


def test_a_model_says_the_same_with_either_head_and_trl_is_left_as_it_was(model, monkeypatch):
    from trl.trainer import utils

    tokens = torch.randint(0, 97, (3, 11))
    labels = tokens.clone()
    labels[:, :4] = -100
    calls = []
    found = head.log_prob_function()
    monkeypatch.setattr(head, "log_prob_function", lambda: calls.append(1) or found)
    before = utils._ChunkedLogProbFunction, utils._use_triton
    tiled = model(input_ids=tokens, labels=labels, fused_lm_head=True)
    with head.plain_head():
        plain = model(input_ids=tokens, labels=labels, fused_lm_head=True)
    assert (utils._ChunkedLogProbFunction, utils._use_triton) == before
    assert len(calls) == 1
    torch.testing.assert_close(plain.loss, tiled.loss)
    torch.testing.assert_close(plain.log_probs, tiled.log_probs)
    torch.testing.assert_close(plain.entropy, tiled.entropy)
    assert torch.equal(plain.is_top1, tiled.is_top1)
    gradients = [torch.autograd.grad(each.loss, model.model.embed_tokens.weight)[0] for each in (plain, tiled)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("largest", "softcap"), [(10, None), (2**25, 30.0)])
def test_many_logits_and_bent_ones_are_left_to_the_tiles(model, monkeypatch, largest, softcap):
    monkeypatch.setattr(head, "LARGEST", largest)
    monkeypatch.setattr(head, "log_prob_function", lambda: pytest.fail("asked for"))
    model.config.final_logit_softcapping = softcap
    from trl.trainer import utils

    utils.add_fused_lm_head(model)
    tokens = torch.randint(0, 97, (3, 11))
    with head.plain_head():
        assert torch.isfinite(model(input_ids=tokens, labels=tokens, fused_lm_head=True).loss)


@pytest.mark.parametrize(
    ("device", "compiled", "plain"), [("cpu", False, True), ("cpu", True, False), ("cuda", False, False)]
)
def test_steps_of_our_trainers_take_it_on_a_processor_alone(device, compiled, plain):
    from trl.trainer import utils

    from train.watch import Watched

    known = utils._ChunkedLogProbFunction

    class Trainer:
        accelerator = SimpleNamespace(device=torch.device(device))
        args = SimpleNamespace(torch_compile=compiled)

        def training_step(self, *_):
            return torch.tensor(float(utils._ChunkedLogProbFunction is not known))

        def prediction_step(self, *_):
            return utils._ChunkedLogProbFunction is not known

    class Ours(Watched, Trainer):
        pass

    assert bool(Ours().training_step(None, {})) == plain
    assert Ours().prediction_step(None, {}) == plain
    assert utils._ChunkedLogProbFunction is known
