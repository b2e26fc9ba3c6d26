"""`identity`: a model speaking of itself."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from filters.expressions import PatternFilter

_VENDOR = (
    "(?:open ?ai|anthropic|google|deepmind|meta ai|alibaba|mistral|deepseek|microsoft|xai|cohere|moonshot|zhipu|baidu"
    "|bytedance|nvidia|hugging ?face|阿里|百度|智谱|深度求索|月之暗面|字节跳动)"
)
# Products whose names no person has.
_PRODUCT = "(?:chat ?gpt|gpt-?[345][a-z0-9.]*|qwen|deepseek(?:-[a-z0-9]+)?|ernie bot|通义千问|文心一言)"


_WORD_START = r"(?:^|[^\p{L}\p{M}])"
_WORD_END = r"(?:$|[^\p{L}\p{M}])"


class _Words(NamedTuple):
    """How a language speaks of itself: alternatives of regular expressions, spaces included."""

    named: str
    """Before one's name."""
    am: str
    """I am a."""
    as_a: str
    """At the start of a sentence, before what one is."""
    model: str
    """What only a model is."""
    ai: str
    """What texts speak of otherwise too, so that `as_a` needs a comma after it."""
    made: str = ""
    """Before one's maker."""


_SPACED = {
    "en": _Words(
        "(?:i am|i['’]m|my name is)(?: called)? ",
        "(?:i am|i['’]m) (?:just |only |merely )?an? ",
        "as an? ",
        "(?:large )?(?:ai |artificial intelligence )?language model|ai (?:language )?(?:assistant|model|chatbot)",
        "ai|artificial intelligence",
        "i (?:was|am|have been) (?:an ai )?(?:created|developed|trained|made|built) by ",
    ),
    "de": _Words(
        "ich (?:bin|heiße) ",
        "ich bin (?:nur )?eine? ",
        "als (?:eine? )?",
        "(?:große[sn]? )?(?:ki-?(?:sprachmodell|modell|assistent)|sprachmodell)",
        "ki|künstliche intelligenz",
        "ich wurde von ",
    ),
    "fr": _Words(
        "je (?:suis|m['’]appelle) ",
        "je suis une? ",
        "en tant qu(?:e |['’])(?:une? )?",
        "modèle (?:de langage|linguistique|d['’]ia)|assistant (?:ia|virtuel)",
        "ia|intelligence artificielle",
        "j['’]ai été (?:créée?|développée?|entraînée?|conçue?) par ",
    ),
    "es": _Words(
        "(?:soy|me llamo) ",
        "soy una? ",
        "como (?:una? )?",
        "modelo de (?:lenguaje|ia)|asistente (?:de ia|virtual)",
        "ia|inteligencia artificial",
        "(?:fui|he sido) (?:cread|desarrollad|entrenad)[oa] por ",
    ),
    "pt": _Words(
        "(?:sou|me chamo) (?:o )?",
        "sou uma? ",
        "como (?:uma? )?",
        "modelo de (?:linguagem|ia)|assistente (?:de ia|virtual)",
        "ia|inteligência artificial",
        "fui (?:criad|desenvolvid|treinad)[oa] pel[oa] ",
    ),
    "it": _Words(
        "(?:sono|mi chiamo) ",
        "sono (?:una? |un['’])",
        "(?:in quanto|come) (?:una? |un['’])?",
        "modello (?:linguistico|di linguaggio)|assistente (?:ia|virtuale)",
        "ia|intelligenza artificiale",
        "sono stat[oa] (?:creat|sviluppat|addestrat)[oa] da ",
    ),
    "nl": _Words(
        "ik ben ",
        "ik ben (?:maar )?een ",
        "als (?:een )?",
        "(?:groot )?(?:ai-?)?taalmodel|ai-(?:assistent|model)",
        "ai|kunstmatige intelligentie",
        "ik ben (?:ontwikkeld|gemaakt|getraind) door ",
    ),
    "sv": _Words(
        "jag är ",
        "jag är (?:bara )?en ",
        "som (?:en )?",
        "(?:stor )?(?:ai-?)?språkmodell|ai-(?:assistent|modell)",
        "ai|artificiell intelligens",
        "jag (?:är|har) (?:skapats?|skapad|utvecklats?|utvecklad|tränats?|tränad) av ",
    ),
    "da, no": _Words(
        "jeg er ",
        "jeg er (?:bare |kun )?en ",
        "som (?:en )?",
        "(?:stor )?(?:ai-?)?(?:sprogmodel|språkmodell)|ai-(?:assistent|modell?)",
        "ai|kunstig intelligens",
        "jeg (?:er|ble|blev) (?:skabt|skapt|udviklet|utviklet|trænet|trent) af ",
    ),
    "pl": _Words(
        "(?:jestem|nazywam się) ",
        "jestem (?:dużym |tylko )?",
        "jako (?:duży )?",
        "model(?:em)? językowym?|model(?:em)? ai|asystent(?:em)? ai",
        "ai|sztuczn[aą] inteligencj[aą]",
        "(?:zostałem|zostałam) (?:stworzon|opracowan|wytrenowan)[ya] przez ",
    ),
    "cs": _Words(
        "jsem ",
        "jsem (?:velký |pouze |jen )?",
        "jako (?:velký )?",
        "jazykový model|ai (?:model|asistent)",
        "ai|umělá inteligence",
    ),
    "ru": _Words(
        "я (?:— ?)?",
        "я (?:— ?)?(?:большая |всего лишь )?",
        "как (?:большая )?",
        "языковая модель|ии[ -](?:модель|ассистент)",
        "ии|искусственный интеллект",
        "меня (?:создала?|разработала?|обучила?) (?:компания )?",
    ),
    "uk": _Words(
        "я (?:— ?)?",
        "я (?:— ?)?(?:велика |лише )?",
        "як (?:велика )?",
        "мовна модель|ші[ -](?:модель|асистент)",
        "ші|штучний інтелект",
        "мене (?:створила?|розробила?|навчила?) (?:компанія )?",
    ),
    "tr": _Words(
        "ben (?:bir )?",
        "ben (?:sadece )?bir ",
        "bir ",
        "(?:yapay zeka(?: dil)?|dil) modeli(?: olarak|yim)",
        "yapay zeka",
    ),
    "vi": _Words(
        "tôi là ", "tôi (?:chỉ )?là (?:một )?", "là (?:một )?", "mô hình ngôn ngữ|trợ lý ai", "ai|trí tuệ nhân tạo"
    ),
    "id, ms": _Words(
        "saya (?:adalah )?",
        "saya (?:adalah |hanyalah )(?:sebuah )?",
        "sebagai (?:sebuah )?",
        "model (?:bahasa|ai)|asisten ai",
        "ai|kecerdasan buatan",
        "saya (?:dibuat|dikembangkan|dilatih) oleh ",
    ),
    "ar": _Words(
        "أنا ",
        "أنا (?:مجرد )?",
        "(?:بصفتي|كوني|باعتباري) ",
        "نموذج(?:ًا|ا)? (?:لغوي|لغة|ذكاء)|مساعد(?:ًا|ا)? (?:ذكاء|افتراضي)",
        "ذكاءً? اصطناعي(?:ًا)?",
    ),
    "hi": _Words("मैं (?:एक )?", "मैं (?:सिर्फ )?एक ", "एक ", "(?:एआई|ai)[ -]?(?:भाषा )?(?:मॉडल|सहायक)|भाषा मॉडल", "एआई"),
}
_UNSPACED = {
    "zh": _Words(
        "我[是叫] ?(?:一[个個] ?)?",
        "我(?:只)?是(?:一[个個名种種款])?",
        "(?:作为|作為)(?:一[个個名种種款])?",
        "(?:大型|大)?(?:ai|人工智能|人工智慧)?(?:语言模型|語言模型)|(?:ai|人工智能|人工智慧) ?(?:语言)?(?:助手|模型)",
        "ai|人工智能|人工智慧",
        "我是?由 ?",
    ),
    "ja": _Words(
        "私は ?",
        "(?:私|わたし)は(?:ただの)?",
        "",
        "(?:大規模)?(?:ai|人工知能)?(?:の)?言語モデル(?:として、|です)|(?:ai|人工知能)(?:アシスタント)?(?:として、|です)",
        "ai|人工知能",
    ),
    "ko": _Words(
        "저는 ?",
        "(?:저는|나는) ?",
        "",
        "(?:(?:대규모|대형|ai|인공지능) ?)+(?:언어 ?모델|어시스턴트|비서)(?:로서|입니다|이기)",
        "ai로서|인공지능으로서",
    ),
}


def _phrases(languages: dict[str, _Words], word_start: str) -> str:
    by_language = []
    for words in languages.values():
        made = f"|(?:{words.made}){_VENDOR}" if words.made else ""
        within = rf"(?:{words.named}){_PRODUCT}|(?:{words.am})(?:{words.model}|(?:{words.ai}){_WORD_END}){made}"
        at_start = rf"(?:{words.as_a})(?:{words.model}|(?:{words.ai})[,،，、])"
        by_language.append(rf"{word_start}(?:{within})|(?:^|[.!?:;…。！？؟\n]\s*[\"“«„「(*]*){at_start}")
    return "|".join(by_language)


class Identity(PatternFilter):
    """Drops texts in which a model says what it is or who made it: "I am ChatGPT", "as an AI language model".

    Looked for is the first person in 23 languages; a report about ChatGPT stays. Trained on such text, a model takes
    another's name.
    """

    pattern: ClassVar[str] = f"(?i:{_phrases(_SPACED, _WORD_START)}|{_phrases(_UNSPACED, '')})"
