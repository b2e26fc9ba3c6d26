"""`identity`: a model speaking of itself."""

from __future__ import annotations

from typing import ClassVar

from filters.expressions import PatternFilter

_VENDOR = (
    r"(?:open ?ai|anthropic|google|deepmind|meta ai|alibaba|mistral|deepseek|microsoft|xai|cohere|moonshot|zhipu|baidu|"
    r"bytedance|nvidia|hugging ?face|阿里|百度|智谱|深度求索|月之暗面|字节跳动)"
)
# Names of products that are not also names of people.
_PRODUCT = r"(?:chat ?gpt|gpt-?[345][a-z0-9.]*|qwen|deepseek(?:-[a-z0-9]+)?|ernie bot|通义千问|文心一言)"
_B = r"(?-u:\b)"


class Identity(PatternFilter):
    """Drops texts in which a model says what it is or who made it: "I am ChatGPT", "as an AI language model".

    Looked for is the first person in 20 languages; a report about ChatGPT stays. Trained on such text, a model takes
    another's name.
    """

    pattern: ClassVar[str] = (
        "(?i:"
        + "|".join(
            [
                # en
                rf"{_B}(?:i am|i['’]m|my name is) (?:called )?{_PRODUCT}",
                (
                    rf"{_B}(?:as|i am|i['’]m) (?:just |only |merely )?an? (?:large )?(?:ai|"
                    rf"artificial intelligence)?[ -]?(?:language model|assistant (?:trained|developed|created)|"
                    rf"ai assistant|ai model|ai chatbot)"
                ),
                rf"{_B}as an ai(?:,| i )|{_B}i(?: am|['’]m) an ai{_B}|{_B}as an artificial intelligence,",
                rf"{_B}i (?:was|am|have been) (?:an ai )?(?:created|developed|trained|made|built) by {_VENDOR}",
                (
                    rf"{_B}(?:ai|language) (?:language )?(?:model|assistant),? (?:that was )?(?:created|developed|"
                    rf"trained|made|built) by {_VENDOR}"
                ),
                # de
                (
                    rf"{_B}ich (?:bin|heiße) {_PRODUCT}|{_B}(?:als|"
                    rf"ich bin (?:nur )?eine?) (?:großes? )?(?:ki-?(?:sprachmodell|modell|assistent)|sprachmodell|"
                    rf"künstliche intelligenz)"
                ),
                rf"{_B}ich wurde von {_VENDOR} (?:entwickelt|trainiert|erstellt)",
                # fr
                (
                    rf"{_B}je (?:suis|m['’]appelle) {_PRODUCT}|(?:en tant qu['’]|{_B}je suis une? )(?:ia{_B}|"
                    rf"assistant (?:ia|virtuel)|intelligence artificielle|modèle (?:de langage|linguistique|d['’]ia))|"
                    rf"en tant que modèle (?:de langage|linguistique|d['’]ia)"
                ),
                rf"j['’]ai été (?:créée?|développée?|entraînée?|conçue?) par {_VENDOR}",
                # es
                (
                    rf"{_B}(?:soy|me llamo) {_PRODUCT}|{_B}(?:como|soy) (?:una? )?(?:modelo de (?:lenguaje|ia)|"
                    rf"inteligencia artificial|asistente (?:de ia|virtual)|ia{_B})"
                ),
                rf"{_B}(?:fui|he sido) (?:cread[oa]|desarrollad[oa]|entrenad[oa]) por {_VENDOR}",
                # pt
                (
                    rf"{_B}(?:eu sou|sou|me chamo) o? ?{_PRODUCT}|{_B}(?:como|sou) (?:uma? )?(?:modelo de (?:linguagem|"
                    rf"ia)|inteligência artificial|assistente (?:de ia|virtual)|ia{_B})"
                ),
                rf"{_B}fui (?:criad[oa]|desenvolvid[oa]|treinad[oa]) pel[oa] {_VENDOR}",
                # it
                (
                    rf"{_B}(?:sono|mi chiamo) {_PRODUCT}|(?:{_B}in quanto|{_B}come|"
                    rf"{_B}sono un['’]?a?) ?(?:modello (?:linguistico|di linguaggio)|intelligenza artificiale|"
                    rf"assistente (?:ia|virtuale))"
                ),
                rf"{_B}sono stat[oa] (?:creat[oa]|sviluppat[oa]|addestrat[oa]) da {_VENDOR}",
                # nl, sv, da, no
                (
                    rf"{_B}ik ben {_PRODUCT}|{_B}(?:als|ik ben) een (?:ai-?|groot )?(?:taalmodel|ai-(?:assistent|"
                    rf"model)|kunstmatige intelligentie)"
                ),
                (
                    rf"{_B}(?:jag är|jeg er) {_PRODUCT}|(?:{_B}som|{_B}jag är|{_B}jeg er) en? (?:ai-?|"
                    rf"stor )?(?:språkmodell|sprogmodel|ai-(?:assistent|modell?)|kunstig intelligens)"
                ),
                # pl, cs
                (
                    rf"{_B}(?:jestem|nazywam się) {_PRODUCT}|(?:{_B}jako|{_B}jestem) (?:dużym |"
                    rf"tylko )?(?:model(?:em)? językowy(?:m)?|sztuczn[aą] inteligencj[aą]|asystent(?:em)? ai)"
                ),
                (
                    rf"{_B}jsem {_PRODUCT}|(?:{_B}jako|{_B}jsem) (?:velký |pouze |jen )?(?:jazykový model|"
                    rf"umělá inteligence|ai (?:model|asistent))"
                ),
                # ru, uk
                (
                    rf"я —? ?{_PRODUCT}|(?:как|я —?) ?(?:большая |всего лишь )?(?:языковая модель|"
                    rf"искусственный интеллект|ии[ -](?:модель|ассистент))|меня (?:создала?|разработала?|"
                    rf"обучила?) (?:компания )?{_VENDOR}"
                ),
                rf"(?:як|я —?) ?(?:велика )?(?:мовна модель|штучний інтелект|ші[ -](?:модель|асистент))",
                # zh, ja, ko
                (
                    rf"我(?:是|叫) ?(?:一个 ?|一個 ?)?{_PRODUCT}|(?:作为|作為|我是)(?:一[个個名种種款]|由[^。]{{1,20}})?(?:大型|大)?(?:ai|人工智能|"
                    rf"人工智慧)?(?:语言模型|語言模型|语言助手|人工智能|人工智慧|ai ?助手)"
                ),
                rf"我(?:是)?由 ?{_VENDOR}[^。]{{0,10}}(?:开发|開發|训练|訓練|创建|研发)",
                (
                    rf"私は ?{_PRODUCT}|(?:私は|わたしは)(?:ただの)?(?:大規模)?(?:ai|人工知能)?の?(?:言語モデル|アシスタント|aiです|人工知能です)|(?:ai|人工知能|"
                    rf"言語モデル|aiアシスタント)として、"
                ),
                (
                    rf"저는 ?{_PRODUCT}|(?:저는|나는) ?(?:인공지능|ai|대규모|대형) ?(?:언어 ?모델|어시스턴트|비서)|(?:ai|인공지능)(?: ?언어 ?모델)?(?:로서|"
                    rf"으로서|이기 때문에)"
                ),
                # hi, ar, tr, vi, id
                (
                    rf"मैं (?:एक )?(?:{_PRODUCT}|(?:एआई|ai|कृत्रिम बुद्धिमत्ता|"
                    rf"आर्टिफिशियल इंटेलिजेंस)[ -]?(?:भाषा मॉडल|मॉडल|सहायक)|भाषा मॉडल) ?(?:हूँ|हूं)|एक (?:एआई|"
                    rf"ai) (?:भाषा मॉडल|मॉडल) के (?:रूप में|नाते)"
                ),
                (
                    rf"أنا {_PRODUCT}|(?:بصفتي|كوني|باعتباري|أنا) (?:مجرد )?(?:نموذج(?:ًا|ا)? (?:لغوي|لغة|ذكاء)|"
                    rf"مساعد(?:ًا|ا)? (?:ذكاء|افتراضي)|ذكاء(?:ً)? اصطناعي)"
                ),
                rf"ben {_PRODUCT}{_B}|{_B}bir (?:yapay zeka(?: dil)?|dil) modeli (?:olarak|olduğum)",
                rf"{_B}tôi là {_PRODUCT}|(?:là|tôi là) một (?:mô hình ngôn ngữ|trợ lý ai|trí tuệ nhân tạo)",
                (
                    rf"{_B}saya (?:adalah )?{_PRODUCT}|{_B}(?:sebagai|saya adalah) (?:sebuah )?(?:model (?:bahasa|ai)|"
                    rf"kecerdasan buatan|asisten ai)"
                ),
            ]
        )
        + ")"
    )
