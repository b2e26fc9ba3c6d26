"""`refusal`: an excuse instead of an answer."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import NamedTuple

import polars as pl

from filters.base import OUTPUT, Filter
from filters.expressions import ANY_SOURCE

_FEW_WORDS = r"(?:\w+ ){0,3}"
_A_CLAUSE = r"[^.!?。！？\n]{0,60}"


class _Words(NamedTuple):
    """How a language refuses: alternatives of regular expressions. "I cannot" or "I am sorry" alone refuse nothing."""

    excuse: str
    """What may come before, a word for "but" included."""
    cannot: str
    """The first person's inability."""
    act: str
    """What is refused."""
    between: str = _FEW_WORDS
    """What may stand between inability and act."""
    excuse_needed: bool = False


_LANGUAGES = {
    "en": _Words(
        r"(?:i['’]m|i am) (?:very |so |really |truly )?(?:sorry|afraid)(?:,? but| that)?|sorry(?:,? but)?|my apologies"
        r"|i apologi[sz]e(?:,? but)?|unfortunately|as an ai(?: language model| assistant)?",
        r"(?:i|we)(?: am|['’]m| are|['’]re)? (?:can['’]?t|cannot|can not|won['’]t|will not|unable to|not able to"
        r"|not allowed to|not comfortable)",
        "help (?:you )?with|assist|provid|fulfil|comply|translat|generat|creat|answer|process|complet|engag|discuss"
        "|continu|proceed|respond",
        r"(?:\w+ )?",
    ),
    "de": _Words(
        "(?:es )?tut mir (?:sehr |wirklich )?leid(?:, aber)?|entschuldigung(?:, aber)?|leider|als ki(?:-[a-z]+)?",
        f"(?:ich (?:kann|darf|werde)|(?:kann|darf|werde) ich){_A_CLAUSE} (?:nicht|keine?[nrs]?)",
        "helfen|weiterhelfen|unterstützen|übersetzen|erfüllen|beantworten|bereitstellen|generieren|nachkommen",
        _A_CLAUSE,
    ),
    "es": _Words(
        "(?:lo siento|lo lamento|disculp[ae]|perd[óo]n)(?: mucho)?(?:, pero)?|lamentablemente|desafortunadamente"
        "|como (?:ia|modelo de lenguaje)",
        "(?:yo )?no (?:puedo|podré|me es posible|estoy en condiciones de)",
        "ayudar|asistir|proporcionar|cumplir|traducir|responder|generar|crear|ofrecer|continuar|completar",
    ),
    "fr": _Words(
        "(?:je suis (?:vraiment )?)?désolée?(?:,? mais)?|je m['’]excuse(?:,? mais)?|je regrette(?:, mais)?"
        "|malheureusement|en tant qu['’]ia|en tant que modèle de langage",
        "je ne (?:peux|puis|pourrai|suis) (?:malheureusement )?pas(?: en mesure de)?",
        "(?:vous |t['’])?aider|assister|fournir|traduire|répondre|générer|créer|satisfaire|continuer",
    ),
    "pt": _Words(
        "(?:desculp[ea]|lamento|sinto muito|peço desculpas?)(?:, mas)?|infelizmente|como (?:ia|modelo de linguagem)",
        "(?:eu )?não (?:posso|poderei|consigo|sou capaz de|estou autorizad[oa] a)",
        "ajud[aá]|auxiliar|fornecer|cumprir|traduzir|responder|gerar|criar|oferecer|continuar|atender",
    ),
    "it": _Words(
        "(?:mi dispiace|mi spiace|scus[ai](?:mi)?|sono spiacente)(?:,? ma)?|purtroppo"
        "|in quanto (?:ia|modello linguistico)",
        "non (?:posso|potrò|sono in grado di|mi è possibile)",
        "aiutar|assister|fornir|soddisfare|tradur|risponder|generar|crear|continuare|procedere",
    ),
    "nl": _Words(
        "(?:het spijt (?:me|mij)|sorry|mijn excuses|excuses)(?:,? maar)?|helaas",
        f"(?:ik (?:kan|mag|zal)|(?:kan|mag|zal) ik){_A_CLAUSE} (?:niet|geen)",
        "helpen|assisteren|vertalen|voldoen|beantwoorden|verstrekken|genereren",
        _A_CLAUSE,
    ),
    "sv": _Words(
        "(?:jag är (?:mycket )?ledsen|förlåt|jag beklagar|ursäkta)(?:,? men)?|tyvärr",
        "(?:jag kan|kan jag) (?:tyvärr )?inte",
        "hjälpa|bistå|översätta|tillhandahålla|uppfylla|svara|generera|skapa|fortsätta",
    ),
    "da, no": _Words(
        "(?:(?:jeg )?beklager|undskyld|unnskyld)(?:,? men)?|desværre|dessverre",
        "(?:jeg kan|kan jeg) (?:desværre |dessverre )?ikke",
        "hj[eæ]lpe|bistå|overs[eæ]tte|levere|opp?fylle|opfylde|svare|generere|fortsette|fortsætte",
    ),
    "pl": _Words(
        "(?:przykro mi|przepraszam|wybacz)(?:, ale)?|niestety|jako (?:ai|model językowy)",
        "nie (?:mogę|jestem w stanie|wolno mi)",
        "pomóc|udzielić|dostarczyć|przetłumaczyć|spełnić|odpowiedzieć|wygenerować|stworzyć|kontynuować|zrealizować",
    ),
    "cs, sk": _Words(
        "(?:omlouvám se|je mi líto|promiňte|prepáčte|ľutujem)(?:, ale)?|bohužel|žiaľ",
        "(?:s tím |s týmto )?(?:vám )?(?:nemohu|nemůžu|nemôžem|nejsem schop(?:en|na)|nie som schopn[ýá])",
        "pomoci|pomoct|pomôcť|poskytnou?[tť]|přeložit|preložiť|splni[tť]|odpovědět|odpovedať|vytvoři[tť]|vyhov[ěi]e?[tť]"
        "|pokračova[tť]",
    ),
    "ru": _Words(
        "(?:извините|простите|прошу прощения|мне (?:очень )?жаль|сожалею)(?:, но)?|к сожалению",
        "я не (?:могу|смогу|в состоянии|имею права)",
        "помочь|помогать|предоставить|перевести|выполнить|ответить|сгенерировать|создать|обсуждать|продолжить|оказать",
    ),
    "uk": _Words(
        "(?:вибачте|перепрошую|пробачте|мені (?:дуже )?(?:шкода|прикро))(?:, але)?|на жаль",
        "я не (?:можу|зможу|в змозі|маю права)",
        "допомогти|допомагати|надати|перекласти|виконати|відповісти|згенерувати|створити|обговорювати|продовжити",
    ),
    "fi": _Words(
        "(?:pahoittelen|anteeksi|olen pahoillani)(?:, mutta)?|valitettavasti",
        "en (?:valitettavasti )?(?:voi|pysty|saa)",
        "auttaa|auttamaan|tarjota|kääntää|vastata|tuottaa|luoda|jatkaa|täyttää",
    ),
    "hu": _Words(
        "(?:sajnálom|elnézést|bocsánat)(?:, de)?|sajnos",
        "(?:ezt |ebben |én )?nem (?:tudok|tudom|áll módomban)",
        "segíteni|lefordítani|válaszolni|teljesíteni|létrehozni|biztosítani",
    ),
    "ro": _Words(
        "(?:îmi pare rău|ne pare rău|scuze|îmi cer scuze)(?:,? dar)?|din păcate",
        "nu (?:te |vă )?(?:pot|sunt în măsură|sunt capabil)",
        "ajut|oferi|ofer|traduc|răspund|gener|crea|îndeplin|continu",
    ),
    "tr": _Words(
        "(?:üzgünüm|özür dilerim|kusura bakmayın)(?:,? (?:ama|ancak))?|maalesef|ne yazık ki",
        _A_CLAUSE,
        "(?:yardımcı ol|sağlay|çevir|yanıtlay|oluştur|yerine getir|yap)[ae]m(?:am|em|ıyorum|iyorum|uyorum)",
        "",
        excuse_needed=True,
    ),
    "vi": _Words(
        "(?:tôi )?xin lỗi(?:, nhưng)?|(?:tôi )?rất tiếc(?:, nhưng)?",
        "tôi (?:không thể|chưa thể)",
        "giúp|hỗ trợ|cung cấp|dịch|trả lời|tạo|đáp ứng|thực hiện|tiếp tục",
        excuse_needed=True,
    ),
    "id, ms": _Words(
        "(?:mohon )?maaf(?:, (?:tetapi|tapi|namun))?|saya minta maaf(?:, (?:tetapi|tapi|namun))?|sayangnya",
        "(?:saya )?(?:tidak (?:bisa|dapat|boleh|mampu)|belum bisa)",
        "membantu|menyediakan|memberikan|menerjemahkan|menjawab|membuat|memenuhi|melanjutkan",
        excuse_needed=True,
    ),
    "zh": _Words(
        "(?:很|非常|十分)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)(?:，但是?)?"
        "|(?:作为|作為)[^，。]{0,12}(?:ai|人工智能|人工智慧|模型)[^，。]{0,6}",
        "我?(?:目前|暂时|暫時)?(?:无法|無法|不能|不可以|没法|沒辦法)",
        "帮助|幫助|提供|协助|協助|翻译|翻譯|回答|满足|滿足|生成|创作|创建|完成|处理|處理|讨论|继续",
        "[^。！？\n]{0,12}",
        excuse_needed=True,
    ),
    "ja": _Words(
        "(?:大変|誠に)?(?:申し訳(?:ございません|ありません)|すみません|ごめんなさい|恐れ入ります)(?:が|けど)?|残念ながら|あいにく",
        _A_CLAUSE,
        "でき(?:ません|かねます)|(?:いた|致)しかねます",
        "",
        excuse_needed=True,
    ),
    "ko": _Words(
        "(?:대단히 |정말 )?(?:죄송|미안)(?:합니다만?|하지만)|(?:유감스럽|안타깝|유감이)지만",
        _A_CLAUSE,
        "수 ?없습니다|수 ?없어요|드릴 수 없|어렵습니다|불가능합니다",
        "",
        excuse_needed=True,
    ),
    "hi": _Words(
        "(?:मुझे (?:खेद|अफ़सोस|अफसोस) है|क्षमा करें|माफ़? ?करें|माफ़ कीजिए|मैं क्षमा चाहता हूँ)(?: कि|,? लेकिन|,? पर)?|दुर्भाग्य से",
        f"मैं {_A_CLAUSE}",
        "नहीं (?:कर|दे) सक(?:ता|ती|ते)|असमर्थ (?:हूँ|हूं)",
        "",
        excuse_needed=True,
    ),
    "ar": _Words(
        "(?:عذر(?:ًا|اً|ا)|(?:أنا )?آسف|أعتذر|معذرة)(?:،? و?لكن(?:ني|ي)?)?|للأسف",
        "(?:أنا )?(?:لا (?:أستطيع|يمكنني|أقدر)|لست قادر(?:ًا|اً|ا)? على|غير قادر على)",
        "مساعدت|المساعدة|تقديم|ترجمة|الإجابة|تلبية|إنشاء|الرد|القيام|توفير",
        r"(?:\S+ ){0,2}",
        excuse_needed=True,
    ),
}


def _phrase(words: _Words) -> str:
    excuse = rf"(?:(?:{words.excuse})[,.;:!،，。、！]?\s?){'' if words.excuse_needed else '?'}"
    return rf"{excuse}(?:{words.cannot})\s?{words.between}(?:{words.act})"


_PHRASES = [_phrase(words) for words in _LANGUAGES.values()]
# One pattern of all would be too large for the search engine's automaton and fifty times slower.
_GROUPS = ["|".join(_PHRASES[n : n + 6]) for n in range(0, len(_PHRASES), 6)]
_ANYWHERE = [f"(?i:{group})" for group in _GROUPS]
_AT_START = [rf"^[\s\p{{P}}\p{{S}}]*(?i:{group})" for group in _GROUPS]


class Refusal(Filter):
    """Drops outputs that begin by refusing: "I'm sorry, but I can't help with that", 抱歉，我无法提供翻译.

    Known are the usual phrases of 27 languages.
    A source that says so itself makes it a translation: the row stays where the source has such words, in any of the
    languages. Rows without a source are judged by the output alone.
    """

    def reject(self) -> pl.Expr:
        """True where the output begins with a refusal and the source has none."""
        refused, source = pl.field("refused"), pl.field("source")
        return (
            pl.struct(source=ANY_SOURCE, refused=_found(OUTPUT, _AT_START))
            .struct.with_fields(source=pl.when(refused).then(source).otherwise(pl.lit("")))
            .struct.with_fields(own=refused & ~_found(source, _ANYWHERE))
            .struct.field("own")
        )

    def evidence(self) -> pl.Expr:
        """The words of refusal."""
        return pl.coalesce(OUTPUT.str.extract(pattern, 0) for pattern in _AT_START)


def _found(text: pl.Expr, patterns: list[str]) -> pl.Expr:
    return reduce(or_, (text.str.contains(pattern) for pattern in patterns))
