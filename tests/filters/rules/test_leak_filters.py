"""`special_tokens`, `reasoning_leak`, `identity`: what belongs to a model's inside and not into text."""

import pytest


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("<|im_start|>assistant\nHallo", True),
        ("Hallo<|eot_id|>", True),
        ("Hallo<|endoftext|>", True),
        ("Hallo<end_of_turn>", True),
        ("[INST] Übersetze [/INST] Hallo", True),
        ("<<SYS>>", True),
        ("Hallo</s>", True),
        ("<bos>Hallo", True),
        ("你好<｜end▁of▁sentence｜>", True),
        ("Hallo <unk> Welt", True),
        ("### Response:\nHallo", True),
        ("Hallo\nUSER: und jetzt?", True),
        ("<0x0A>", True),
        ("<extra_id_0> مرحبا", True),
        ("f <| x |> g", False),
        ("a < b, [siehe 1], s. u.", False),
        ("# Response to the letter", False),
        ("Der USER: ein Mensch", False),
        ("", False),
        (None, None),
    ],
)
def test_special_tokens(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("special_tokens", output=output) is rejected


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("<think>The user wants</think>Hallo", True),
        ("Also gut.</think>\nHallo", True),
        ("<reasoning>…</reasoning>", True),
        ("<|channel|>analysis<|message|>We", True),
        ("[THINK]hm[/THINK]", True),
        ("◁think▷嗯", True),
        ("Okay, the user wants a translation of this sentence.", True),
        ("We need to translate the sentence into German.", True),
        ("好的，我现在需要把这句话翻译成德语。", True),
        ("Okay, let's go.", False),
        ("I think, therefore I am.", False),
        ("The user wants to log in.", False),
        ("好的，明天见。", False),
        ("أعتقد ذلك", False),
        ("", False),
        (None, None),
    ],
)
def test_reasoning_leak(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("reasoning_leak", output=output) is rejected


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("I am ChatGPT, a large language model trained by OpenAI.", True),
        ("Hello! I’m Qwen, created by Alibaba Cloud.", True),
        ("As an AI language model, I have no opinion.", True),
        ("Well. As an AI, I have no opinion.", True),
        ("I was developed by Google.", True),
        ("Als KI-Sprachmodell habe ich keine Meinung.", True),
        ("Ich bin ChatGPT.", True),
        ("En tant qu'IA, je n'ai pas d'avis.", True),
        ("Soy un modelo de lenguaje.", True),
        ("Como inteligência artificial, não tenho opinião.", True),
        ("Sono un'intelligenza artificiale.", True),
        ("Ik ben een AI-taalmodel.", True),
        ("Som AI-modell har jag ingen åsikt.", True),
        ("Jestem modelem językowym.", True),
        ("Jako jazykový model nemám názor.", True),
        ("Я — языковая модель.", True),
        ("Як штучний інтелект, я не маю думки.", True),
        ("作为人工智能，我没有观点。", True),
        ("我是由OpenAI训练的。", True),
        ("私はAIアシスタントです。", True),
        ("저는 인공지능 언어 모델입니다.", True),
        ("मैं एक एआई भाषा मॉडल हूँ।", True),
        ("أنا نموذج لغوي.", True),
        ("Ben bir yapay zeka dil modeliyim.", True),
        ("Tôi là một mô hình ngôn ngữ.", True),
        ("ChatGPT is a language model developed by OpenAI.", False),
        ("Companies such as an AI chatbot maker", False),
        ("I am Claude Monet.", False),
        ("Как искусственный интеллект меняет мир", False),
        ("人工智能的发展很快。", False),
        ("Künstliche Intelligenz ist überall.", False),
        ("I am an Aikido teacher.", False),
        ("", False),
        (None, None),
    ],
)
def test_identity(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("identity", output=output) is rejected


def test_evidence_is_what_was_found(evidence) -> None:
    assert evidence("special_tokens", output="Hallo<|eot_id|>") == "<|eot_id|>"
    assert evidence("identity", output="Hi! I am ChatGPT, hello.") == "I am ChatGPT"
