"""Which language a text is in."""

import subprocess
import sys

import pytest

from detector.documents.language import UNDETERMINED, foreign_passages, language_of
from tests.conftest import TRAINING_TEXT

OTHERS = {
    "de": "Der alte Mann ging langsam zum Hafen, und die Boote waren fort. Am Morgen hatte er sie noch gezählt,"
    " sieben oder acht, das blaue mitgerechnet. Was macht man mit einem Hafen ohne Boote?",
    "fr": "Le vieil homme marchait lentement vers le port, et les bateaux étaient partis. Il les avait comptés "
    "le matin, sept ou huit avec le bleu. Que faire d'un port sans bateaux ?",
    "es": "El viejo caminaba despacio hacia el puerto y las barcas ya no estaban. Por la mañana las había "
    "contado, siete u ocho con la azul. ¿Qué se hace con un puerto sin barcas?",
    "it": "Il vecchio camminava piano verso il porto e le barche non c'erano più. La mattina le aveva contate, "
    "sette o otto con quella blu. Che cosa si fa di un porto senza barche?",
    "pt": "O velho caminhava devagar para o porto e os barcos já não estavam lá. De manhã tinha-os contado, "
    "sete ou oito com o azul. O que se faz com um porto sem barcos?",
    "nl": "De oude man liep langzaam naar de haven en de boten waren weg. Die ochtend had hij ze nog geteld, "
    "zeven of acht met de blauwe erbij. Wat doe je met een haven zonder boten?",
    "sv": "Den gamle mannen gick sakta till hamnen och båtarna var borta. På morgonen hade han räknat dem, sju "
    "eller åtta med den blå. Vad gör man med en hamn utan båtar?",
    "da": "Den gamle mand gik langsomt ned til havnen, og bådene var væk. Om morgenen havde han talt dem, syv "
    "eller otte med den blå. Hvad gør man med en havn uden både?",
    "pl": "Stary człowiek szedł powoli do portu, a łodzi już nie było. Rano jeszcze je liczył, siedem albo "
    "osiem razem z niebieską. Co zrobić z portem bez łodzi?",
    "cs": "Starý muž šel pomalu do přístavu a lodě byly pryč. Ráno je ještě počítal, sedm nebo osm i s tou "
    "modrou. Co si člověk počne s přístavem bez lodí?",
    "fi": "Vanha mies käveli hitaasti satamaan, ja veneet olivat poissa. Aamulla hän oli laskenut ne, seitsemän"
    " tai kahdeksan sinisen kanssa. Mitä tehdä satamalla ilman veneitä?",
    "hu": "Az öregember lassan sétált a kikötőbe, és a csónakok eltűntek. Reggel még megszámolta őket, hét vagy"
    " nyolc volt a kékkel együtt. Mit kezd az ember egy kikötővel csónakok nélkül?",
    "tr": "Yaşlı adam limana doğru yavaşça yürüdü ve tekneler gitmişti. Sabah onları saymıştı, maviyle birlikte"
    " yedi ya da sekiz taneydi. Teknesiz bir limanla ne yapılır?",
    "ro": "Bătrânul mergea încet spre port, iar bărcile nu mai erau acolo. Dimineața le numărase, șapte sau opt"
    " cu cea albastră. Ce faci cu un port fără bărci?",
    "id": "Orang tua itu berjalan perlahan ke pelabuhan dan perahu-perahu sudah pergi. Pagi harinya ia masih "
    "menghitungnya, tujuh atau delapan dengan yang biru. Apa gunanya pelabuhan tanpa perahu?",
    "sw": "Mzee alitembea polepole kuelekea bandarini na mashua zilikuwa zimeondoka. Asubuhi alikuwa "
    "amezihesabu, saba au nane pamoja na ile ya buluu. Utafanya nini na bandari isiyo na mashua?",
    "vi": "Ông lão chậm rãi đi ra bến cảng và những chiếc thuyền đã đi mất. Buổi sáng ông còn đếm chúng, bảy "
    "hay tám chiếc kể cả chiếc màu xanh. Người ta làm gì với một bến cảng không có thuyền?",
    "ru": "Старик медленно шёл к гавани, а лодок уже не было. Утром он их ещё считал, семь или восемь вместе с "
    "синей. Что делать с гаванью без лодок?",
    "el": "Ο γέρος περπατούσε αργά προς το λιμάνι και οι βάρκες είχαν φύγει. Το πρωί τις είχε μετρήσει, επτά ή "
    "οκτώ μαζί με τη γαλάζια. Τι να κάνει κανείς ένα λιμάνι χωρίς βάρκες;",
    "ar": "مشى الرجل العجوز ببطء إلى الميناء وكانت القوارب قد رحلت. كان قد عدها في الصباح سبعة أو ثمانية مع "
    "الأزرق. ماذا تفعل بميناء بلا قوارب؟",
    "zh": "老人慢慢地走向港口，船已经不见了。早上他还数过它们，连那条蓝色的一共七八条。没有船的港口有什么用"
    "呢？他还是每天走到那里，狗喜欢绳子的味道，路也不远。",
    "ja": "老人はゆっくりと港へ歩いていったが、船はもうなかった。朝にはまだ数えていて、青い船を入れて七そう"
    "か八そうだった。船のない港をどうすればいいのだろう。それでも彼は歩いていく。",
}
UNKNOWN = {
    # the beginning of the Universal Declaration of Human Rights
    "Baoulé": "Sran mun be ngba kɛ be wu be'n, be ti kun; be fataman like kun nun; sran kun kwla yoman i bɛiɛn kɛ i ti "
    "kanga sa; be si akundanbu, be si su like nga be yo'n.",
    "Tok Pisin": "Lapun man i wokabaut isi isi i go long bris na ol bot i no stap moa. Long moning em i bin kaunim ol, "
    "sevenpela o etpela wantaim blupela bot. Yu mekim wanem long bris i nogat bot?",
}


@pytest.mark.parametrize("code", OTHERS)
def test_other_languages_are_named(code):
    found = language_of(OTHERS[code])
    assert found.code == code or (code == "id" and found.nearest == "Malay")
    assert not found.is_english


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_language_that_nobody_knows_is_not_english(name):
    assert not language_of(UNKNOWN[name]).is_english


@pytest.mark.parametrize(
    "text",
    [
        TRAINING_TEXT,
        "i didnt rly like it tbh, the food was cold n the waiter kept forgetting stuff we asked for. wont be back lol",
        "Thou hast not seen what I have seen, nor walked the road that leadeth to the sea, whence none returneth.",
        "We propose a parser that induces dependency trees without treebanks; accuracy improves on all benchmarks.",
        "I am agree with this opinion because informations in internet is very useful for student which study hard.",
        "Ah tell ye, the wee lad cam doon the brae wi' his dug an' nivver said a word tae the rest of them.",
    ],
)
def test_english_of_every_kind_is_english(text):
    assert language_of(text).is_english


def test_no_word_at_all_is_no_language():
    assert language_of("").code == language_of("12 + 13 = 25").code == "und"


@pytest.mark.parametrize("code", OTHERS)
def test_a_passage_in_another_language_is_found_to_the_letter(code):
    text = f"{TRAINING_TEXT}\n\n{OTHERS[code]}\n\n{TRAINING_TEXT}"
    (passage,) = foreign_passages(text)
    assert text[passage.start : passage.end] == OTHERS[code]
    assert passage.language in (language_of(OTHERS[code]), UNDETERMINED)  # Malay or Indonesian, neither for certain


def test_within_a_paragraph_too():
    text = f"{TRAINING_TEXT} {OTHERS['de']} {TRAINING_TEXT}"
    (passage,) = foreign_passages(text)
    assert text[passage.start : passage.end] == OTHERS["de"]


@pytest.mark.parametrize(
    "passage",
    [
        "He said: Ich bin ein Berliner.",
        "See Rossi, Bianchi, Verdi, Esposito, Romano, Colombo, Ricci, Marino, Greco, Bruno, Gallo, Conti, De Luca.",
        "ACP, AfDB, AU, CD, FAO, FZ, IAEA, IBRD, ICAO, ICCt, ICRM, IDA, IFAD, IFC, IFRCS, ILO, IMF, IMO, IOC.",
        "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. 17. 18. 19. 20. 21. 22. 23. 24.",
    ],
)
def test_a_short_quotation_or_a_list_of_names_is_no_passage(passage):
    assert foreign_passages(f"{TRAINING_TEXT}\n\n{passage}\n\n{TRAINING_TEXT}") == []


def test_plain_english_costs_no_look_at_other_languages():
    code = (
        "import sys; from detector.documents.selection import select; "
        f"assert select({TRAINING_TEXT!r}).language.is_english; print('lingua' in sys.modules)"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "False"
