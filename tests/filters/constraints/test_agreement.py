from collections import Counter

from ifeval_golden import CAUSES, compare, shares


def test_verdicts_are_those_of_the_reference(shared_data):
    compared = list(compare(shared_data / "m_ifeval"))
    agree = {language: 1 - wrong / count for language, (count, wrong) in shares(compared).items()}
    assert agree["en"] >= 0.99
    assert min(agree.values()) >= 0.98
    different = [each for each in compared if each.ours != each.theirs]
    without_cause = Counter(c.instruction for c in different if (c.instruction, c.prompt) not in CAUSES)
    assert all(count <= 1 for count in without_cause.values())
    assert {(c.instruction, c.prompt) for c in different} == set(CAUSES), "causes of what does not differ"
