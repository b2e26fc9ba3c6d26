"""Words around answers: what announces one, what joins two, what denies one. Case-folded, in many languages."""

from __future__ import annotations

_OR = """
or and oder und ou et o u y e en eller og och tai ja lub albo nebo anebo vagy és sau eða или либо або чи і и
та au na या और বা অথবা এবং లేదా మరియు หรือ และ 或 或者 和 または か と あるいは もしくは
또는 혹은 와 과 أو و veya not nicht no pas maybe perhaps vielleicht quizás peut-être possibly alternatively either plus
"""
OR = frozenset(_OR.split())
"""Between two numbers, these make two answers."""

_NOT = """
not n't isn't never nicht kein keine nie pas jamais no non não nunca niet geen ikke inte ei ekki nem nu не
ні нет si sio नहीं না নয় కాదు ไม่ใช่ ไม่ 不是 不 ない ではない 아니다 아닌 ليس لا
"""
NOT = frozenset(_NOT.split())
"""Between an announcement and a number, these deny it."""

_PERCENT = """
% | ٪ | ％ | ﹪ | percent | per cent | pct | prozent | por ciento | por cento | pour cent | per cento | procent |
prosent | százalék | процент | відсот | パーセント | 퍼센트 | प्रतिशत | শতাংশ | శాతం | เปอร์เซ็นต์ | asilimia
"""
PERCENT = tuple(word.strip() for word in _PERCENT.split("|"))
"""Signs and words for hundredths after a number."""

_ANSWER = """
answer | final answer | antwort | endergebnis | ergebnis | respuesta | respuesta final | réponse |
réponse finale | resposta | resposta final | risposta | antwoord | svar | svaret | vastaus | svarið |
odpowiedź | odpověď | válasz | răspuns | răspunsul | ответ | відповідь | jibu | उत्तर | উত্তর | উত্তরটি |
సమాధానం | คำตอบ | 答案 | 答え | 答 | 回答 | 정답 | 답 | الجواب | الإجابة
"""
ANSWER = tuple(word.strip() for word in _ANSWER.split("|"))
"""Words that announce the final answer, before `is` or a colon."""
