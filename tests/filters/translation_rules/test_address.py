"""Form of address: a sentence in both forms in every language that has markers."""

import pytest

from filters.translation_rules.address import Address
from filters.translation_rules.base import Source
from filters.translation_rules.forms import ENDINGS, MARKERS
from filters.translation_rules.text import Text

SOURCE = "Where did you buy your green coat?"
FORMS = {
    "de": ("Wo haben Sie Ihren grünen Mantel gekauft?", "Wo hast du deinen grünen Mantel gekauft?"),
    "fr": ("Où avez-vous acheté votre manteau vert ?", "Où as-tu acheté ton manteau vert ?"),
    "es": ("¿Dónde compró usted su abrigo verde?", "¿Dónde compraste tu abrigo verde?"),
    "it": ("Dove ha comprato Lei il Suo cappotto verde?", "Dove hai comprato il tuo cappotto verde?"),
    "pt": ("Onde o senhor comprou o casaco verde?", "Onde compraste o teu casaco verde?"),
    "nl": ("Waar heeft u uw groene jas gekocht?", "Waar heb je jouw groene jas gekocht?"),
    "ru": ("Где вы купили ваше зелёное пальто?", "Где ты купил твоё зелёное пальто?"),
    "uk": ("Де ви купили ваше зелене пальто?", "Де ти купив твоє зелене пальто?"),
    "pl": ("Gdzie kupiła pani zielony płaszcz?", "Gdzie kupiłaś twój zielony płaszcz?"),
    "cs": ("Kde jste koupili váš zelený kabát?", "Kde jsi koupil tvůj zelený kabát?"),
    "hu": ("Hol vette ön a zöld kabátját?", "Hol vetted te a zöld kabátodat?"),
    "ro": ("De unde ați cumpărat dumneavoastră haina verde?", "De unde ai cumpărat tu haina ta verde?"),
    "fi": ("Mistä te ostitte teidän vihreän takkinne?", "Mistä sinä ostit sinun vihreän takkisi?"),
    "hi": ("आपने अपना हरा कोट कहाँ से खरीदा?", "तुमने अपना हरा कोट कहाँ से खरीदा?"),
    "tr": ("Siz yeşil paltoyu nereden aldınız?", "Sen yeşil paltoyu nereden aldın?"),
    "zh": ("您的绿色大衣是在哪里买的？", "你的绿色大衣是在哪里买的？"),
    "ja": ("緑のコートはどこで買いましたか。", "緑のコートはどこで買ったの。"),
    "ko": ("초록색 외투를 어디에서 샀습니까?", "초록색 외투를 어디에서 샀어?"),
}


def test_every_language_stands_here():
    assert set(FORMS) == set(MARKERS) | set(ENDINGS)


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize("formal", [True, False])
def test_forms(language, formal):
    source = Source(Text(SOURCE), "en", language)
    rule = next(rule for rule in Address.find(source) if rule.formal is formal)
    asked, other = FORMS[language] if formal else FORMS[language][::-1]
    assert rule.check(Text(asked), source).score == 1
    assert rule.check(Text(other), source).score == 0
    assert rule.check(Text(f"{asked}\n{other}"), source).score == 0


@pytest.mark.parametrize(
    ("language", "text"), [("de", "Der Mantel ist grün."), ("ja", "緑のコート"), ("fr", "Un manteau vert.")]
)
def test_a_text_that_addresses_nobody_cannot_be_judged(language, text):
    source = Source(Text("The coat is green."), "en", language)
    assert Address.find(source) == []
    assert Address(locale=language, formal=True).check(Text(text), source).score is None


def test_what_is_known_of_the_row_goes_before():
    known = Source(Text("The coat is green."), "en", "de", formal=False)
    assert [rule.formal for rule in Address.find(known)] == [False]
    assert Address.find(Source(Text(SOURCE), "en", "sv")) == []


def test_a_word_that_may_mean_others_counts_only_where_the_source_addresses_somebody():
    rule = Address(locale="de", formal=True)
    text = Text("Sie kommen morgen.")
    assert rule.check(text, Source(Text("You come tomorrow."), "en", "de")).score == 1
    assert rule.check(text, Source(Text("They come tomorrow."), "en", "de")).score is None
    assert Address(locale="de", formal=False).check(text, Source(Text("You come tomorrow."), "en", "de")).score is None
