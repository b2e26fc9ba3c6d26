"""One plain sentence in many languages: what tests of translation rules put values beside."""

EN = "The people of the small town meet again today in the great hall beside the river."
DE = "Die Menschen der kleinen Stadt treffen sich heute wieder in der großen Halle am Fluss."

DRAFTS = {
    "de": DE,
    "es": "Los vecinos del pequeño pueblo se reúnen hoy de nuevo en la gran sala junto al río.",
    "fr": "Les habitants de la petite ville se réunissent de nouveau dans la grande salle au bord de la rivière.",
    "pt-BR": "Os moradores da pequena cidade reúnem-se hoje novamente no grande salão ao lado do rio.",
    "nl": "De mensen van het stadje komen vandaag weer bijeen in de grote zaal naast de rivier.",
    "ru": "Жители маленького города сегодня снова собираются в большом зале возле реки.",
    "uk": "Мешканці маленького міста сьогодні знову збираються у великій залі біля річки.",
    "pl": "Mieszkańcy małego miasta spotykają się dziś znowu w wielkiej sali nad rzeką.",
    "cs": "Obyvatelé malého města se dnes znovu scházejí ve velkém sále u řeky.",
    "hu": "A kisváros lakói ma ismét találkoznak a folyó melletti nagy teremben.",
    "fi": "Pienen kaupungin asukkaat kokoontuvat tänään jälleen suureen saliin joen rannalla.",
    "sv": "Invånarna i den lilla staden träffas i dag igen i den stora salen vid floden.",
    "zh": "小镇的居民今天又在河边的大厅里聚会，大家都很高兴。",
    "ja": "小さな町の人々は今日も川のそばの大きなホールに集まります。",
    "ko": "작은 마을 사람들이 오늘 다시 강가의 큰 강당에 모입니다.",
    "ar": "يجتمع سكان البلدة الصغيرة اليوم مرة أخرى في القاعة الكبيرة بجانب النهر.",
    "hi": "छोटे शहर के लोग आज फिर नदी के किनारे बड़े हॉल में मिलते हैं।",
    "th": "ชาวเมืองเล็กๆ มาพบกันอีกครั้งในวันนี้ที่ห้องโถงใหญ่ริมแม่น้ำ",
}
"""By target language."""

LIGHTHOUSE = {
    "de": "Leuchtturm", "es": "faro", "fr": "phare", "pt-BR": "farol", "nl": "vuurtoren", "ru": "маяк", "uk": "маяк",
    "pl": "latarnia", "cs": "maják", "hu": "világítótorony", "fi": "majakka", "sv": "fyr", "zh": "灯塔", "ja": "灯台",
    "ko": "등대", "ar": "منارة", "hi": "प्रकाशस्तंभ", "th": "ประภาคาร",
}  # fmt: skip
"""The word for a lighthouse in each, which the sentences lack."""
