"""A generator of translation items that goes by rules: texts put together of pieces in three languages, good and bad.

It reads the languages and the families of rules out of the request of `evals.ifmt`, and by a hash of the request it is
good, or bad in one of the ways that `KINDS` names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

PLANTED = "At dawn the last lamplighter of the valley walked home with a basket of pears and a torn umbrella."
"""Stands in the sources of some items: in a dataset that items are kept apart from, it makes these contaminated."""

_BAD = (
    *("prose", "refuses", "empty", "short", "long", "source in another language", "reference in another language"),
    *("no values", "reference without values", "hidden characters", "the same", "nearly the same", "planted"),
)
KINDS = (*["good"] * 8, *_BAD)
"""What replies are like, as often as they stand here. `prose` is good too: an item in fences, among words."""

Piece = tuple[str, str, str]
"""English, Spanish, Chinese."""

_WHO: tuple[Piece, ...] = (
    ("The baker", "El panadero", "面包师"),
    ("The teacher", "La maestra", "老师"),
    ("The old sailor", "El viejo marinero", "老水手"),
    ("The gardener", "La jardinera", "园丁"),
    ("A young doctor", "Una joven doctora", "一位年轻医生"),
    ("The postman", "El cartero", "邮递员"),
    ("My neighbour", "Mi vecina", "我的邻居"),
    ("The painter", "El pintor", "画家"),
)
_DID: tuple[Piece, ...] = (
    ("opened a small shop", "abrió una pequeña tienda", "开了一家小店"),
    ("found a silver coin", "encontró una moneda de plata", "找到了一枚银币"),
    ("sang an old song", "cantó una vieja canción", "唱了一首老歌"),
    ("waited for the train", "esperó el tren", "等了火车"),
    ("repaired a broken clock", "reparó un reloj roto", "修好了一个坏钟"),
    ("sold fresh apples", "vendió manzanas frescas", "卖了新鲜的苹果"),
    ("read a long letter", "leyó una larga carta", "读了一封长信"),
    ("planted cherry trees", "plantó cerezos", "种了樱桃树"),
)
_WHERE: tuple[Piece, ...] = (
    ("near the harbour", "cerca del puerto", "港口附近"),
    ("behind the church", "detrás de la iglesia", "教堂后面"),
    ("at the edge of the forest", "al borde del bosque", "森林边上"),
    ("in the main square", "en la plaza mayor", "大广场上"),
    ("beside the river", "junto al río", "河边"),
    ("under the stone bridge", "bajo el puente de piedra", "石桥下面"),
    ("in front of the library", "frente a la biblioteca", "图书馆前面"),
    ("on top of the hill", "en lo alto de la colina", "山顶上"),
)
_WHY: tuple[Piece, ...] = (
    ("the weather was fine", "hacía buen tiempo", "天气很好"),
    ("nobody else wanted to", "nadie más quería hacerlo", "没有别人愿意"),
    ("the children asked for it", "los niños lo pidieron", "孩子们要求这样"),
    ("the winter had been hard", "el invierno había sido duro", "冬天很难过"),
    ("friends were coming to visit", "venían amigos de visita", "朋友们要来拜访"),
    ("the market was closed", "el mercado estaba cerrado", "市场关门了"),
    ("there was nothing else to do", "no había nada más que hacer", "没有别的事情可做"),
    ("the mayor had promised it", "el alcalde lo había prometido", "市长答应过"),
)
_VALUES: dict[str, Piece] = {
    "calendar date": (
        "The festival begins on March {day}, 2025.",
        "El festival comienza el {day} de marzo de 2025.",
        "节日于2025年3月{day}日开始。",
    ),
    "time of day": (
        "The doors open at {hour}:30 PM.",
        "Las puertas se abren a las {later}:30.",
        "大门在{later}:30打开。",
    ),
    "amount of money": (
        "A ticket costs $1,2{day}.50.",
        "Una entrada cuesta $1,2{day}.50.",
        "一张票的价格是$1,2{day}.50。",
    ),
    "telephone number": (
        "Call +44 20 7946 00{day} for help.",
        "Llame al +44 20 7946 00{day} para obtener ayuda.",
        "如需帮助，请拨打+44 20 7946 00{day}。",
    ),
    "product code": (
        "Ask for the model RX78{day}.",
        "Pregunte por el modelo RX78{day}.",
        "请询问型号RX78{day}。",
    ),
}
"""By words of the request, a sentence with a value of the family that they ask for."""


def item(request: str, number: int) -> str:
    """The reply to a request. `number`: a hash of it."""
    kind = KINDS[number % len(KINDS)]
    language = 1 if "into Spanish" in request else 2
    values = [words for words in _VALUES if words in request]
    # Bits that the kind does not depend on much.
    text = _text(number // len(KINDS), values)
    match kind:
        case "refuses":
            return "I am sorry, but I cannot write {this} today."
        case "short":
            text = text[-len(values) :]
        case "long":
            text = [sentence for n in range(40) for sentence in _text(number // 7 + n * 7919, [])] + text
        case "no values":
            text = _text(number // len(KINDS), []) + _text(number // 11, [])
        case "the same":
            text = _text(1, list(_VALUES))
        case "nearly the same":
            text = [*_text(1, list(_VALUES)), _sentence(number // len(KINDS))]
        case "planted":
            text = [
                (
                    PLANTED,
                    "Al amanecer el último farolero del valle volvió a casa.",
                    "黎明时分，最后一个点灯人回家了。",
                ),
                *text,
            ]
    source, reference = _written(text, 0), _written(text, language)
    match kind:
        case "empty":
            reference = " "
        case "source in another language":
            source = _written(text, 1)
        case "reference in another language":
            reference = source
        case "reference without values":
            reference = _written(_text(number // len(KINDS), []) + [_sentence(number // 5)] * 2, language)
        case "hidden characters":
            reference = reference[:9] + "\u2063" + reference[9:]
    told = orjson.dumps({"source": source, "reference": reference}).decode()
    if kind == "prose":
        return f"Here is {{one}} exercise:\n\n```json\n{told}\n```\nI hope that it helps."
    return told


def _text(number: int, values: Sequence[str]) -> list[Piece]:
    """Four sentences of a number, and one for each value."""
    slots = {"day": 10 + number % 19, "hour": 1 + number % 8, "later": 13 + number % 8}
    filled = [tuple(form.format(**slots) for form in _VALUES[words]) for words in values]
    return [*(_sentence(number // 19 + n * 1_299_709) for n in range(4)), *filled]  # type: ignore[list-item]


def _sentence(number: int) -> Piece:
    who, did, where, why = (
        pieces[number >> shift & 7] for pieces, shift in ((_WHO, 0), (_DID, 3), (_WHERE, 6), (_WHY, 9))
    )
    return (
        f"{who[0]} {did[0]} {where[0]} because {why[0]}.",
        f"{who[1]} {did[1]} {where[1]} porque {why[1]}.",
        f"因为{why[2]}，{who[2]}在{where[2]}{did[2]}。",
    )


def _written(text: Sequence[Piece], language: int) -> str:
    return re.sub(r"(?<=。) ", "", " ".join(piece[language] for piece in text))
