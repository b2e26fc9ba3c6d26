"""Words and endings that show how readers are addressed. No library lists them, so they are written down here.

Sources: the languages' grammars; checked against CoCoA-MT's formal and informal references (docs/reports). What may
mean someone else too (German Sie at the start of a sentence) is weak: it counts where nothing else is there.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Markers(NamedTuple):
    """Patterns of one language."""

    formal: re.Pattern[str]
    informal: re.Pattern[str]
    weak: re.Pattern[str] | None = None
    """Formal ones that may mean others."""


def _words(words: str) -> str:
    """A pattern of words apart by spaces; `*` stands for any ending."""
    parts = "|".join(word.replace("*", r"\w*") for word in words.split())
    return rf"(?i:(?<!\w)(?:{parts})(?!\w))"


def _of(formal: str, informal: str, weak: str = "") -> Markers:
    patterns = [re.compile(_words(words)) for words in (formal, informal)]
    return Markers(patterns[0], patterns[1], re.compile(_words(weak)) if weak else None)


_MID = r"(?<=[\w,;:)\"“”»] )"
"""Within a sentence, where a capital tells."""

MARKERS = {
    "de": Markers(
        re.compile(_MID + r"(?:Sie|Ihnen|Ihr(?:e[nmrs]?)?)(?!\w)"),
        re.compile(
            r"(?<!\w)(?:(?i:du|dich|dir|dein(?:e[nmrs]?)?|euch|euer|eure[nmrs]?)"
            r"|ihr(?= (?:seid|habt|könnt|wollt)))(?!\w)"
        ),
        re.compile(r"(?<!\w)(?:Sie|Ihnen|Ihr(?:e[nmrs]?)?)(?!\w)"),
    ),
    "fr": _of(
        "vous votre vos vôtres? (?!chez|assez|nez|rez|sujet)[a-zéèê]{2,}ez",
        "tu te toi ton ta tes tien* tiens t['’]\\w+",
    ),
    "es": _of(
        "usted ustedes", "tú te ti contigo tu tus tuy[oa]s? vosotr[oa]s vuestr[oa]s? os", "su sus suy[oa]s? le les"
    ),
    "it": Markers(
        re.compile(_MID + r"(?:Lei|Le|La|Suo|Sua|Suoi|Sue)(?!\w)|\b(?i:voi|vostr[oaie])\b"),
        re.compile(_words("tu te ti tuo tua tuoi tue hai sei puoi vuoi devi stai sai vai fai")),
        re.compile(_words("lei le la suo sua suoi sue si può vuole deve")),
    ),
    "pt": _of("você vocês senhor senhora senhores senhoras", "tu te ti contigo teu teus tua tuas", "seu sua seus suas"),
    "nl": _of("u uw uzelf", "je jij jou jouw jullie jezelf"),
    "ru": _of(
        "вы вас вам вами ваш ваша ваше ваши вашего вашей вашему вашу вашим вашими ваших вашем",
        "ты тебя тебе тобой тво[йяеиюё]*",
    ),
    "uk": _of("ви вас вам вами ваш*", "ти тебе тобі тобою тв[ійо]*"),
    "pl": _of(
        "pan pana panu panem pani panią państwo państwa państwu państwem", "ty ciebie cię tobie tobą tw[óo]j* twym"
    ),
    "cs": _of(
        "vy vás vám vámi váš vaše vaši vašeho vašemu vaším vašich vašim vašimi",
        "tě tebe tobě tebou tvůj tvoje tvoji tvého tvému tvým tvou tvá tvé tvých",
    ),
    "hu": _of(
        "ön önt önnek öntől önnel öné önök önöket önöknek önökkel",
        "te téged neked veled tőled rád rólad tied ti titeket nektek veletek",
    ),
    "ro": _of("dumneavoastră dvs dumneata", "tu tine ție îți ți te tău ta tăi tale"),
    "fi": _of(
        "te teidän teitä teille teiltä teillä teihin teissä teistä",
        "sinä sinun sinua sinut sinulle sinulta sinulla sinuun sinussa sinusta",
    ),
    "hi": _of(
        "आप आपका आपके आपकी आपको आपने आपसे आपमें आपलोग", "तुम तुम्हें तुम्हारा तुम्हारे तुम्हारी तुमने तुमको तुमसे तू तुझे तुझको तेरा तेरे तेरी"
    ),
    "tr": _of("siz sizi size sizin sizden sizinle", "sen seni sana senin senden seninle"),
    "zh": Markers(re.compile("您"), re.compile("你")),
}
"""By language."""
_CLOSED_BY_B = "".join(chr(0xAC00 + syllable) for syllable in range(17, 11172, 28))
"""Hangul syllables that end in ㅂ: 합니까 asks politely, 하니까 says because."""
ENDINGS = {
    "ja": (
        re.compile(
            r"(?:です|ます|ました|まして|ません|でした|でしょう|ましょう|ください|下さい|ございます|なさい|ませ)"
            r"(?:か|ね|よ|が|けど|けれども|から|ので|し|わ|の|って)*$"
        ),
        re.compile(r"..[だたるうくすつぬむぶぐいねよなのかぞさろてで]$"),
    ),
    "ko": (
        re.compile(rf"(?:니다|[{_CLOSED_BY_B}]니까|시오|요|죠|십쇼)$"),
        re.compile(
            r"[\uac00-\ud7af ](?:[다해어아야니냐네자래까든군구나라봐줘돼게걸워려셔여와춰껴져켜쳐겨대커때내]"
            r"|(?<!는|은|을|던)지|거든)$"
        ),
    ),
}
"""Polite and plain ends of sentences; words of one syllable (네, はい) are no sentences."""
