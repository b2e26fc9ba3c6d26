"""Attempts to be rewarded for an answer that was not found: none is."""

import pytest

from filters.verifiers.math import Math

QUESTION = "Ann has 12 apples and buys 6 more. How many apples does Ann have now, if the box holds 18 or 20?"
SIMPLIFY = "Simplify $(x+1)^2 - 2x$ as far as you can."

# What is tried, the right answer, the response, the language.
ATTEMPTS = [
    ("nothing", "18", "", "en"),
    ("white space", "18", " \n\t\u3000 ", "en"),
    ("no answer", "18", "I cannot solve this.", "en"),
    ("two answers", "18", "The answer is 18 or 19.", "en"),
    ("two answers, the right one last", "18", "The answer is 17 or 18.", "en"),
    ("two answers, a comma", "18", "The answer is 17, 18", "en"),
    ("two answers, a slash", "18", "Answer: 17 / 18", "en"),
    ("two answers, a semicolon", "18", "#### 17; 18", "en"),
    ("two answers in a box", "18", "\\boxed{18, 19}", "en"),
    ("two answers in a box, in words", "18", "\\boxed{18 \\text{ or } 19}", "en"),
    ("a set in a box", "18", "\\boxed{\\{17, 18, 19\\}}", "en"),
    ("two boxes", "18", "\\boxed{19} \\boxed{18}", "en"),
    ("two boxes far apart", "18", "\\boxed{19}\n\nLet me think again.\n\n\\boxed{18}", "en"),
    ("two marks", "18", "\\boxed{19}\n#### 18", "en"),
    ("two marks, tags", "18", "<answer>18</answer>\n#### 19", "en"),
    ("two lines of hashes", "18", "#### 19\n#### 18", "en"),
    ("a hundred boxes", "18", "".join(f"\\boxed{{{n}}}" for n in range(100)), "en"),
    ("all numbers", "18", " ".join(map(str, range(100))) + " 18", "en"),
    ("a range", "18", "The answer is 10-20.", "en"),
    ("a range in words", "18", "The answer lies between 17 and 18", "en"),
    ("an interval", "18", "\\boxed{[17, 18]}", "en"),
    ("an inequality", "18", "\\boxed{x \\le 18}", "en"),
    ("an approximation of itself", "18", "\\boxed{19 \\approx 18}", "en"),
    ("a wrong equation", "18", "\\boxed{19 = 18}", "en"),
    ("a chain of equations", "18", "\\boxed{17 = 18 = 19}", "en"),
    ("a wrong equation after hashes", "18", "#### 20 = 18", "en"),
    ("plus or minus", "18", "\\boxed{\\pm 18}", "en"),
    ("plus or minus, a sign", "18", "\\boxed{±18}", "en"),
    ("denied", "18", "The answer is not 18.", "en"),
    ("denied, German", "18", "Die Antwort ist nicht 18.", "de"),
    ("denied, Chinese", "18", "答案是不是 18。", "zh"),
    ("hedged across sentences", "18", "The answer is 18. Or 19.", "en"),
    ("hedged, German", "18", "Die Antwort ist 18 oder 19.", "de"),
    ("hedged, Chinese", "18", "答案是 18 或 19。", "zh"),
    ("hedged, Hindi", "18", "उत्तर है १८ या १९।", "hi"),
    ("hedged, Russian", "18", "Ответ: 18 или 19.", "ru"),
    ("not worked out", "18", "The answer is 12 + 6", "en"),
    ("not worked out, in a box", "18", "\\boxed{12+6}", "en"),
    ("not worked out, a product", "18", "\\boxed{2 \\cdot 9}", "en"),
    ("not worked out, a root", "18", "\\boxed{\\sqrt{324}}", "en"),
    ("not worked out, a sum sign", "18", "\\boxed{\\sum_{n=1}^{18} 1}", "en"),
    ("not worked out, a function", "18", "\\boxed{\\max(17, 18)}", "en"),
    ("a factorial", "18", "\\boxed{18!}", "en"),
    ("the question again", "20", QUESTION, "en"),
    ("the end of the question", "20", "How many apples does Ann have now, if the box holds 18 or 20?", "en"),
    ("the question twice", "20", f"{QUESTION}\n{QUESTION}", "en"),
    ("the expression of the question", "x^2+1", "\\boxed{(x+1)^2 - 2x}", "en"),
    ("the expression, spaced", "x^2+1", "$$ ( x + 1 )^2-2 x $$", "en"),
    ("hidden in a comment", "18", "<!-- 18 --> I do not know", "en"),
    ("hidden in an open comment", "18", "I do not know <!-- #### 18", "en"),
    ("hidden in the reasoning", "18", "<think>#### 18</think>I do not know", "en"),
    ("only reasoning", "18", "<think>so it is \\boxed{18}", "en"),
    ("nothing between the digits", "18", "#### 1\u200b8", "en"),
    ("nothing between the digits, told", "8", "The answer is 1\u200b8", "en"),
    ("a soft hyphen", "18", "\\boxed{1\u00ad8}", "en"),
    ("tag characters", "18", "#### 1\U000e00318", "en"),
    ("direction overridden", "18", "\\boxed{\u202e18\u202c}", "en"),
    ("look-alike letters", "18", "#### l8", "en"),
    ("look-alike letters, Cyrillic", "10", "#### 1О", "en"),
    ("digits of two scripts", "18", "#### 1٨", "ar"),
    ("circled digits", "18", "#### ①⑧", "en"),
    ("superscripts", "18", "#### ¹⁸", "en"),
    ("ten times", "18", "#### 180", "en"),
    ("a digit more", "18", "#### 18.5", "en"),
    ("negative", "18", "#### -18", "en"),
    ("negative, another minus", "18", "#### −18", "en"),
    ("its percentage", "0.18", "#### 0.18%", "en"),
    ("another unit", "18 km", "#### 18 m", "en"),
    ("another currency", "$18", "#### €18", "en"),
    ("thousands of another language", "70000", "#### 70.000", "en"),
    ("decimals of another language", "1.5", "#### 1,5", "en"),
    ("a thousandth", "1234", "Die Antwort ist 1,234.", "de"),
    ("hexadecimal", "18", "#### 0x12", "en"),
    ("infinite", "18", "\\boxed{\\infty}", "en"),
    ("not a number", "18", "\\boxed{NaN}", "en"),
    ("huge power", "18", "#### 1e999999", "en"),
    ("part of a word", "18", "See room A18", "en"),
    ("an index", "18", "It is x_18", "en"),
    ("a variable", "x^2+1", "\\boxed{y}", "en"),
    ("everything of a set", "\\{1,2\\}", "\\boxed{1,2,3}", "en"),
    ("too little of a set", "\\{1,2\\}", "\\boxed{1}", "en"),
    ("the reals", "(1,2)", "\\boxed{\\mathbb{R}}", "en"),
    ("an interval of another kind", "[1,2)", "\\boxed{[1,2]}", "en"),
    ("words about the answer", "\\text{Evelyn}", "The answer is Evelyn or Bob.", "en"),
    ("all names", "\\text{Evelyn}", "\\boxed{Evelyn, Bob, Ann}", "en"),
    ("zero of everything", "x^2+1", "\\boxed{0 \\cdot x}", "en"),
    ("a power tower", "\\pi", "\\boxed{\\pi^{10^{10^{10}}}}", "en"),
    ("the instruction", "18", "Put your final answer after ####.", "en"),
    ("the template", "18", "The answer is <answer>", "en"),
    ("an empty box", "18", "\\boxed{}", "en"),
    ("a million characters", "18", "18 " * 333_333 + "19", "en"),
]


@pytest.mark.parametrize(
    ("right", "response", "language"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS]
)
def test_no_attempt_is_rewarded(right: str, response: str, language: str) -> None:
    question = SIMPLIFY if "x^2" in right else QUESTION
    row = {"references": [right], "tgt_lang": language, "prompt": [{"role": "user", "content": question}]}
    assert Math().verify(row, response).score == 0  # type: ignore[arg-type]
    # The row itself is sound.
    assert Math().verify(row, f"\\boxed{{{right}}}").score == 1  # type: ignore[arg-type]
