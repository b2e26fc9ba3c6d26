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
    "es": _of("usted ustedes", "tú te ti contigo tu tus tuy[oa]s? vosotr[oa]s vuestr[oa]s? os"),
    "it": Markers(
        re.compile(_MID + r"(?:Lei|Le|La|Suo|Sua|Suoi|Sue)(?!\w)|\b(?i:voi|vostr[oaie])\b"),
        re.compile(_words("tu te ti tuo tua tuoi tue hai sei puoi vuoi devi stai sai vai fai")),
        re.compile(_words("lei le la suo sua suoi sue si può vuole deve")),
    ),
    "pt": _of("você vocês senhor senhora senhores senhoras", "tu te ti contigo teu teus tua tuas"),
    "nl": _of("u uw uzelf", "je jij jou jouw jullie jezelf"),
    "ru": _of(
        "вы вас вам вами ваш ваша ваше ваши вашего вашей вашему вашу вашим вашими ваших вашем",
        "ты тебя тебе тобой тво[йяеиюё]\\w*",
    ),
    "uk": _of("ви вас вам вами ваш\\w*", "ти тебе тобі тобою тв[ійо]\\w*"),
    "pl": _of(
        "pan pana panu panem pani panią państwo państwa państwu państwem", "ty ciebie cię tobie tobą tw[óo]j\\w* twym"
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
ENDINGS = {
    "ja": (
        re.compile(
            r"(?:です|ます|ました|ません|でした|でしょう|ましょう|ください|下さい|ございます|ませんでした|なさい|ませ)"
            r"(?:か|ね|よ|よね|が|けど|けれども|から|し|わ|の)*$"
        ),
        re.compile(r"[だたるうくすつぬむぶぐいねよなのかぞさろてで]$"),
    ),
    "ko": (
        re.compile(r"(?:니다|니까|시오|요|죠|세요|십쇼)$"),
        re.compile(
            r"(?:다|해|어|아|야|지|니|냐|네|자|래|까|거든|군|구나|라|봐|줘|돼|게|든|걸|데|워|려|셔|여|와|춰|껴|져|켜|쳐|겨)$"
        ),
    ),
}
"""Polite and plain ends of sentences."""
