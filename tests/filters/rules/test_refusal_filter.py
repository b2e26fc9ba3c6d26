"""`refusal`."""

import pytest

REFUSALS = {
    "en": "I'm sorry, but I can't assist with that request.",
    "de": "Es tut mir leid, aber ich kann Ihnen dabei leider nicht helfen.",
    "es": "Lo siento, pero no puedo ayudar con eso.",
    "fr": "Désolé, je ne peux pas vous aider à faire cela.",
    "pt": "Desculpe, mas não posso ajudar com isso.",
    "it": "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "nl": "Het spijt me, maar ik kan u daar niet bij helpen.",
    "sv": "Jag är ledsen, men jag kan inte hjälpa till med det.",
    "da": "Beklager, men jeg kan ikke hjælpe med det.",
    "pl": "Przykro mi, ale nie mogę w tym pomóc.",
    "cs": "Omlouvám se, ale s tím vám nemohu pomoci.",
    "ru": "К сожалению, я не могу помочь с этим запросом.",
    "uk": "Вибачте, але я не можу допомогти з цим.",
    "fi": "Pahoittelen, mutta en voi auttaa siinä.",
    "hu": "Sajnálom, de ebben nem tudok segíteni.",
    "ro": "Îmi pare rău, dar nu vă pot ajuta cu asta.",
    "tr": "Üzgünüm, bu konuda yardımcı olamam.",
    "vi": "Xin lỗi, tôi không thể giúp bạn việc này.",
    "id": "Maaf, saya tidak dapat membantu permintaan itu.",
    "zh": "抱歉，我无法提供该内容的翻译。",
    "zh-TW": "很抱歉，我無法協助這項要求。",
    "ja": "申し訳ありませんが、そのご要望にはお応えできません。",
    "ko": "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "hi": "मुझे खेद है, लेकिन मैं इसमें आपकी सहायता नहीं कर सकता।",
    "ar": "عذرًا، لا أستطيع مساعدتك في ذلك.",
}


@pytest.mark.parametrize("language", REFUSALS)
def test_refusals(judge, language: str) -> None:
    words = REFUSALS[language]
    assert judge("refusal", source="Wie spät ist es?", output=words) is True
    assert judge("refusal", source=None, output=f"**{words}") is True
    assert judge("refusal", source="Wie spät ist es?", output=f"Sie sagte etwas. {words}") is False


@pytest.mark.parametrize("language", REFUSALS)
def test_translated_refusals_stay(judge, language: str) -> None:
    assert judge("refusal", source=REFUSALS["de"], output=REFUSALS[language]) is False
    assert judge("refusal", source=REFUSALS[language], output=REFUSALS["en"]) is False


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("I'm sorry I am late.", False),
        ("Sorry, but I can't remember his name.", False),
        ("I cannot believe it.", False),
        ("Es tut mir leid, dass du nicht kommen kannst.", False),
        ("Ich kann heute nicht kommen.", False),
        ("抱歉，我迟到了。", False),
        ("申し訳ありません、遅れました。", False),
        ("К сожалению, идёт дождь.", False),
        ("", False),
        (None, None),
    ],
)
def test_everyday_speech_stays(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("refusal", source="x", output=output) is rejected


def test_evidence(evidence) -> None:
    assert evidence("refusal", source="x", output=REFUSALS["zh"]) == "抱歉，我无法提供该内容的翻译"
