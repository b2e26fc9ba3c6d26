"""`refusal`: an excuse instead of an answer."""

from __future__ import annotations

from functools import reduce
from operator import or_

import polars as pl

from filters.base import OUTPUT, Filter
from filters.expressions import ANY_SOURCE

# One language a line: an excuse if there is one, the inability in the first person, and what is refused. Bare "I cannot"
# or "I am sorry" are not enough: people say so in any novel.
_PHRASES = (
    # en
    (
        r"(?:(?:i['’]m|i am) (?:very |so |really |truly )?(?:sorry|afraid)[,.;]?(?: but| that)? |(?:sorry|"
        r"my apologies|i apologi[sz]e|unfortunately)[,.;]?(?: but)? |as an ai(?: language model| assistant)?,? )?(?:i|"
        r"we)(?: am|['’]m| are|['’]re)? (?:can['’]?t|cannot|can not|won['’]t|will not|unable to|not able to|"
        r"not allowed to|not comfortable) (?:[a-z]+ )?(?:help (?:you )?with|assist|provid|fulfil|comply|translat|"
        r"generat|creat|answer|process|complet|engag|support|discuss|continu|proceed|respond)"
    ),
    (
        r"(?:i['’]m|i am) (?:very |really )?sorry[,.]? (?:but )?(?:i (?:can['’]?t|cannot) (?:do|share|write|offer)|"
        r"this (?:request|content) (?:is|violates))"
    ),
    # de
    (
        r"(?:(?:es )?tut mir (?:sehr |wirklich )?leid[,.]?(?: aber)? |entschuldigung[,.]?(?: aber)? |leider |"
        r"als ki(?:-\w+)?,? )?(?:ich )?(?:kann|darf|werde)(?: ich)? .{0,60}(?:nicht|kein\w{0,2}) .{0,40}(?:helfen|"
        r"weiterhelfen|unterstützen|übersetzen|erfüllen|beantworten|bereitstellen|erstellen|generieren|nachkommen)"
    ),
    # es
    (
        r"(?:(?:lo siento|lo lamento|disculp[ae]|perd[óo]n|lamentablemente|"
        r"desafortunadamente)(?: mucho)?[,.]?(?: pero)? |como (?:modelo de lenguaje|"
        r"ia)[^,]{0,20}, )?(?:yo )?no (?:puedo|podré|me es posible|estoy en condiciones de) (?:\w+ ){0,2}?(?:ayudar|"
        r"asistir|proporcionar|cumplir|traducir|responder|generar|crear|ofrecer|continuar|completar)"
    ),
    # fr
    (
        r"(?:(?:je suis (?:vraiment )?désolée?|désolée?|je m['’]excuse|malheureusement|je regrette)[,.]?(?: mais)? |"
        r"en tant qu['’]?e? ?(?:ia|modèle de langage)[^,]{0,20}, )?je ne (?:peux|puis|pourrai|"
        r"suis) (?:malheureusement )?pas (?:en mesure de )?(?:\w+ ){0,2}?(?:vous aider|t['’]aider|aider|assister|"
        r"fournir|traduire|répondre|générer|créer|satisfaire|accéder à votre|continuer)"
    ),
    # pt
    (
        r"(?:(?:desculpe|desculpa|lamento|sinto muito|infelizmente|peço desculpas?)[,.]?(?: mas)? |"
        r"como (?:modelo de linguagem|ia)[^,]{0,20}, )?(?:eu )?não (?:posso|poderei|consigo|sou capaz de|"
        r"estou autorizad[oa] a) (?:\w+ ){0,2}?(?:ajudar|ajudá-l|auxiliar|fornecer|cumprir|traduzir|responder|gerar|"
        r"criar|oferecer|continuar|atender)"
    ),
    # it
    (
        r"(?:(?:mi dispiace|mi spiace|scus[ai](?:mi)?|purtroppo|sono spiacente)[,.]?(?: ma)? |in quanto (?:ia|"
        r"modello linguistico)[^,]{0,20}, )?non (?:posso|potrò|sono in grado di|"
        r"mi è possibile) (?:\w+ ){0,2}?(?:aiutar|assister|fornir|soddisfare|tradur|risponder|generar|crear|"
        r"continuare|procedere)"
    ),
    # nl
    (
        r"(?:(?:het spijt (?:me|mij)|sorry|helaas|mijn excuses|excuses)[,.]?(?: maar)? )?(?:ik )?(?:kan|mag|"
        r"zal)(?: ik)? .{0,60}(?:niet|geen) .{0,40}(?:helpen|assisteren|vertalen|voldoen|beantwoorden|verstrekken|"
        r"genereren)"
    ),
    # sv, da, no
    (
        r"(?:(?:jag är (?:mycket )?ledsen|förlåt|tyvärr|jag beklagar|ursäkta)[,.]?(?: men)? )?(?:jag kan|"
        r"kan jag) (?:tyvärr )?inte (?:\w+ ){0,2}?(?:hjälpa|bistå|översätta|tillhandahålla|uppfylla|svara|generera|"
        r"skapa|fortsätta)"
    ),
    (
        r"(?:(?:beklager|jeg beklager|det beklager jeg|undskyld|unnskyld|desværre|"
        r"dessverre)[,.]?(?: men)? )?(?:jeg kan|kan jeg) (?:desværre |dessverre )?ikke (?:\w+ ){0,2}?(?:hjelpe|hjælpe|"
        r"bistå|oversette|oversætte|levere|oppfylle|opfylde|svare|generere|lage|fortsette|fortsætte)"
    ),
    # pl
    (
        r"(?:(?:przykro mi|przepraszam|niestety|wybacz)[,.]?(?: ale)? |jako (?:ai|"
        r"model językowy)[^,]{0,20}, )?nie (?:mogę|jestem w stanie|będę móg[łl]\w*|wolno mi) (?:\w+ ){0,2}?(?:pomóc|"
        r"udzielić|dostarczyć|przetłumaczyć|spełnić|odpowiedzieć|wygenerować|stworzyć|kontynuować|zrealizować)"
    ),
    # cs, sk
    (
        r"(?:(?:omlouvám se|je mi líto|promiňte|bohužel|prepáčte|žiaľ|ľutujem)[,.]?(?: ale)? )?(?:s tím |s týmto |"
        r"vám |vam )?(?:nemohu|nemůžu|nemôžem|nejsem schopen|nejsem schopna|nie som schopný) (?:\w+ ){0,3}?(?:pomoci|"
        r"pomoct|pomôcť|poskytnout|poskytnúť|přeložit|preložiť|splnit|splniť|odpovědět|odpovedať|vytvořit|vytvoriť|"
        r"vyhovět|pokračovat)"
    ),
    # ru
    (
        r"(?:(?:извините|простите|к сожалению|прошу прощения|мне (?:очень )?жаль|сожалею)[,.]?(?: но)? )?я не (?:могу|"
        r"смогу|в состоянии|имею права) (?:\w+ ){0,3}?(?:помочь|помогать|предоставить|перевести|выполнить|ответить|"
        r"сгенерировать|создать|обсуждать|продолжить|оказать)"
    ),
    # uk
    (
        r"(?:(?:вибачте|перепрошую|на жаль|пробачте|мені (?:дуже )?(?:шкода|прикро))[,.]?(?: але)? )?я не (?:можу|"
        r"зможу|в змозі|маю права) (?:\w+ ){0,3}?(?:допомогти|допомагати|надати|перекласти|виконати|відповісти|"
        r"згенерувати|створити|обговорювати|продовжити)"
    ),
    # zh
    (
        r"(?:(?:很|非常|十分)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)[，,。！!]?\s?(?:但是?)?)(?:作为[^，]{1,15}，)?我?(?:目前|暂时|暫時)?(?:无法|無法|不能|"
        r"不可以|没法|沒辦法)(?:[^。！？\n]{0,12})(?:帮助|幫助|提供|协助|協助|翻译|翻譯|回答|满足|滿足|生成|创作|完成|处理|處理|讨论|继续|为您|為您)"
    ),
    r"(?:作为|作為)(?:一[个個名])?(?:ai|人工智能|人工智慧|语言模型|語言模型)[^，]{0,10}，我(?:无法|無法|不能)",
    # ja
    (
        r"(?:(?:大変|誠に)?(?:申し訳(?:ございません|ありません)|すみません|ごめんなさい|恐れ入ります|残念ながら|あいにく)(?:が|"
        r"けど)?[、。,]?\s?)[^。！？\n]{0,60}(?:でき(?:ません|かねます)|いたしかねます|致しかねます|お手伝いできません|お答えできません|対応できません)"
    ),
    # ko
    (
        r"(?:(?:대단히 |정말 )?(?:죄송합니다|죄송하지만|미안합니다|미안하지만|유감스럽지만|안타깝지만|유감이지만)(?:만)?[,.]?\s?)[^.!?\n]{0,60}(?:수 ?없습니다|"
        r"수 ?없어요|드릴 수 없|어렵습니다|불가능합니다)"
    ),
    # hi
    (
        r"(?:(?:मुझे (?:खेद|अफ़सोस|अफसोस) है|क्षमा करें|माफ़ करें|माफ करें|माफ़ कीजिए|दुर्भाग्य से|"
        r"मैं क्षमा चाहता हूँ)[,।]?(?: कि)?(?: लेकिन)?(?: पर)? )मैं .{0,60}(?:नहीं (?:कर|दे) सक(?:ता|ती|ते)|"
        r"असमर्थ (?:हूँ|हूं))"
    ),
    # ar
    (
        r"(?:(?:عذر(?:ًا|اً|ا)|آسف|أنا آسف|أعتذر|معذرة|للأسف)[،,.]?(?: و?لكن(?:ني|ي)?)? )(?:أنا )?(?:لا (?:أستطيع|"
        r"يمكنني|أقدر)|لست قادر(?:ًا|اً|ا)? على|غير قادر على) (?:\S+ ){0,2}?(?:مساعدت|المساعدة|تقديم|ترجمة|الإجابة|"
        r"تلبية|إنشاء|الرد|القيام|توفير)"
    ),
    # fi, hu, ro
    (
        r"(?:(?:pahoittelen|valitettavasti|anteeksi|"
        r"olen pahoillani)[,.]?(?: mutta)? )?(?:en (?:valitettavasti )?(?:voi|pysty|saa)) (?:\w+ ){0,3}?(?:auttaa|"
        r"auttamaan|tarjota|kääntää|vastata|tuottaa|luoda|jatkaa|täyttää)"
    ),
    (
        r"(?:(?:sajnálom|sajnos|elnézést|bocsánat)[,.]?(?: de)? )(?:ezt |ebben |én )?nem (?:tudok|tudom|segíthetek|"
        r"áll módomban|teljesíthetem) ?(?:\w+ ){0,3}?(?:segíteni|lefordítani|válaszolni|teljesíteni|létrehozni|"
        r"biztosítani|adni)?"
    ),
    (
        r"(?:(?:îmi pare rău|ne pare rău|din păcate|scuze|îmi cer scuze)[,.]?(?: dar)? )?nu (?:pot|te pot|vă pot|"
        r"sunt în măsură|sunt capabil) (?:să )?(?:\w+ ){0,2}?(?:ajut|oferi|ofer|traduc|răspund|gener|crea|îndeplin|"
        r"continu)"
    ),
    # tr, vi, id
    (
        r"(?:(?:üzgünüm|özür dilerim|maalesef|kusura bakmayın|ne yazık ki)[,.]?(?: ama|"
        r" ancak)? ).{0,60}(?:yardımcı olam|sağlayam|çevirem|yanıtlayam|oluşturam|yerine getirem|yapam)"
    ),
    (
        r"(?:(?:xin lỗi|tôi xin lỗi|rất tiếc|tôi rất tiếc)[,.]?(?: nhưng)? )(?:nhưng )?tôi (?:không thể|"
        r"chưa thể) (?:\w+ ){0,2}?(?:giúp|hỗ trợ|cung cấp|dịch|trả lời|tạo|đáp ứng|thực hiện|tiếp tục)"
    ),
    (
        r"(?:(?:maaf|mohon maaf|saya minta maaf|sayangnya)[,.]?(?: tetapi| tapi| namun)? )(?:saya )?(?:tidak (?:bisa|"
        r"dapat|mampu)|belum bisa) (?:\w+ ){0,2}?(?:membantu|menyediakan|memberikan|menerjemahkan|menjawab|membuat|"
        r"memenuhi|melanjutkan)"
    ),
)
# One pattern of all would be too large for the search engine's automaton and fifty times slower.
_GROUPS = ["|".join(_PHRASES[n : n + 7]) for n in range(0, len(_PHRASES), 7)]
_ANYWHERE = [f"(?i:{group})" for group in _GROUPS]
_AT_START = [rf"^[\s\p{{P}}\p{{S}}]*(?i:{group})" for group in _GROUPS]


class Refusal(Filter):
    """Drops outputs that begin by refusing: "I'm sorry, but I can't help with that", 抱歉，我无法提供翻译. 26 languages.

    A translation of such words is none, so the row stays where the source has them too, in any of the languages. Rows
    without a source are judged by the output alone.
    """

    def reject(self) -> pl.Expr:
        """True where the output begins with a refusal and the source has none."""
        return (
            pl.struct(source=ANY_SOURCE, refused=_found(OUTPUT, _AT_START))
            .struct.with_fields(source=pl.when(pl.field("refused")).then(pl.field("source")).otherwise(pl.lit("")))
            .struct.with_fields(own=pl.field("refused") & ~_found(pl.field("source"), _ANYWHERE))
            .struct.field("own")
        )

    def evidence(self) -> pl.Expr:
        """The words of refusal."""
        return pl.coalesce(OUTPUT.str.extract(pattern, 0) for pattern in _AT_START)


def _found(text: pl.Expr, patterns: list[str]) -> pl.Expr:
    return reduce(or_, (text.str.contains(pattern) for pattern in patterns))
