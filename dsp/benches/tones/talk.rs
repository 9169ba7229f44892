//! An hour of talk in nine languages and as many voices, made by espeak-ng.

use super::signals::at_level;
use super::speech::said;

const TEXTS: [(&str, &str); 9] = [
    (
        "en-us",
        "Good morning, this is the workshop. The door at the loading ramp does not close any more since last night, and it is getting cold in here. Could you send somebody who knows the motor? We have looked at the fuse, and it is in order. The light of the control box blinks twice, then it pauses, then it blinks twice again. My number is four seven one, double eight, two nine six.",
    ),
    (
        "en-gb",
        "I see. Please switch the main off and on again while you hold the green button. I wait. Does the lamp go out? Otherwise I come by at eleven, and bring a new relay. Nobody should stand below the door until then. Is there a key at the porter's lodge, or do I ring at the side entrance?",
    ),
    (
        "de",
        "Guten Tag, hier spricht die Werkstatt. Das Tor an der Rampe schließt seit gestern Abend nicht mehr, und es zieht. Können Sie jemanden schicken, der den Motor kennt? Die Sicherung haben wir geprüft, sie ist in Ordnung. Die Leuchte blinkt zweimal, dann macht sie eine Pause, und dann blinkt sie wieder zweimal.",
    ),
    (
        "fr",
        "Bonjour, ici l'atelier. La porte du quai ne ferme plus depuis hier soir, et il commence à faire froid. Pourriez-vous envoyer quelqu'un qui connaît le moteur? Nous avons vérifié le fusible, il est en bon état. Le voyant clignote deux fois, puis il fait une pause, puis il clignote encore deux fois.",
    ),
    (
        "es",
        "Buenos días, le llamo del taller. La puerta del muelle no cierra desde anoche, y empieza a hacer frío aquí dentro. ¿Podría mandar a alguien que conozca el motor? Hemos mirado el fusible y está bien. La luz parpadea dos veces, luego hace una pausa, y vuelve a parpadear dos veces.",
    ),
    (
        "it",
        "Buongiorno, qui è l'officina. La porta della rampa non si chiude più da ieri sera, e comincia a fare freddo. Potrebbe mandare qualcuno che conosce il motore? Abbiamo controllato il fusibile ed è a posto. La spia lampeggia due volte, poi fa una pausa, e poi lampeggia di nuovo due volte.",
    ),
    (
        "nl",
        "Goedemorgen, met de werkplaats. De deur bij het laadperron gaat sinds gisteravond niet meer dicht, en het wordt hier koud. Kunt u iemand sturen die de motor kent? Wij hebben de zekering nagekeken en die is in orde. Het lampje knippert twee keer, dan wacht het, en dan knippert het weer twee keer.",
    ),
    (
        "sv",
        "God morgon, det är från verkstaden. Porten vid lastkajen går inte att stänga sedan i går kväll, och det börjar bli kallt här inne. Kan ni skicka någon som känner till motorn? Vi har tittat på säkringen och den är hel. Lampan blinkar två gånger, sedan är det en paus, och sedan blinkar den två gånger igen.",
    ),
    (
        "pl",
        "Dzień dobry, tu warsztat. Brama przy rampie nie zamyka się od wczorajszego wieczora i robi się zimno. Czy mogą państwo przysłać kogoś, kto zna ten silnik? Sprawdziliśmy bezpiecznik, jest w porządku. Lampka miga dwa razy, potem jest przerwa, i znowu miga dwa razy.",
    ),
];

/// Gives each piece of about an hour of talk, at 0 dBm0, to `hear`; the seconds of all.
pub(crate) fn hour(mut hear: impl FnMut(&[f64])) -> Result<f64, String> {
    let mut samples = 0;
    for variant in ["", "+m3", "+m7", "+f1", "+f2", "+f4", "+m1", "+f5", "+m5"] {
        for (language, text) in TEXTS {
            for again in ["", " ", "  "] {
                // Another beginning is another text for the receivers, whose blocks then lie elsewhere.
                let text = format!("{again}{text}");
                let piece = at_level(said(&format!("{language}{variant}"), &text)?, 0.0);
                let skip = again.len() * 27;
                samples += piece.len() - skip;
                hear(&piece[skip..]);
                if again.is_empty() && samples > 3600 * 8000 {
                    return Ok(samples as f64 / 8000.0);
                }
            }
        }
    }
    Ok(samples as f64 / 8000.0)
}
