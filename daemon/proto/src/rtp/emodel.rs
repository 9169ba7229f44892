//! The E-model (ITU-T G.107 of 2015): how good a connection is, from its delay, echo and loss, as R and as a mean opinion
//! score. All that a gateway cannot measure (loudness, room and circuit noise) has the standard's default value.

/// What a connection is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// From mouth to ear, ms.
    pub one_way_ms: f64,
    /// Loss of the talker's echo path, dB: what comes back of a voice, both telephones' sensitivities counted.
    pub telr_db: f64,
    /// Packets lost or late, percent.
    pub loss_percent: f64,
    /// How the codec bears that: 25.1 with concealment, 4.3 without (G.711, G.113 Appendix I).
    pub robustness: f64,
}

impl Default for Connection {
    /// The standard's defaults, with the concealment that we have.
    fn default() -> Connection {
        Connection {
            one_way_ms: 0.0,
            telr_db: 65.0,
            loss_percent: 0.0,
            robustness: WITH_CONCEALMENT,
        }
    }
}

/// G.711 with concealment, packets lost at random (G.113 Appendix I, Table I.3).
pub const WITH_CONCEALMENT: f64 = 25.1;
/// G.711 without.
pub const WITHOUT_CONCEALMENT: f64 = 4.3;

// Default values of G.107, Table 1.
const SLR: f64 = 8.0;
const RLR: f64 = 2.0;
const STMR: f64 = 15.0;
const D_RECEIVE: f64 = 3.0;
const D_SEND: f64 = 3.0;
const WEPL: f64 = 110.0;
const QDU: f64 = 1.0;
const CIRCUIT_NOISE: f64 = -70.0;
const NOISE_FLOOR: f64 = -64.0;
const ROOM_SEND: f64 = 35.0;
const ROOM_RECEIVE: f64 = 35.0;
/// G.711 itself costs nothing.
const IE: f64 = 0.0;

impl Connection {
    /// The transmission rating factor, 93.2 at best here; below 0 for what nobody would call a connection.
    pub fn r(&self) -> f64 {
        let delay = if self.one_way_ms.is_finite() {
            self.one_way_ms.clamp(0.0, 10_000.0)
        } else {
            10_000.0
        };
        let noise = noise();
        let ro = 15.0 - 1.5 * (SLR + noise);
        let simultaneous = simultaneous(ro, noise, delay, self.telr_db);
        ro - simultaneous - self.delay_impairment(ro, noise, delay) - self.equipment()
    }

    /// The mean opinion score of R, 1 to 4.5 (Annex B).
    pub fn mos(&self) -> f64 {
        mos(self.r())
    }

    /// Ie,eff for losses at random.
    fn equipment(&self) -> f64 {
        let loss = self.loss_percent.clamp(0.0, 100.0);
        IE + (95.0 - IE) * loss / (loss + self.robustness)
    }

    /// Id: of the talker's echo, of the listener's, and of waiting for an answer. The three delays are those of a
    /// connection whose echo comes back from its far end.
    fn delay_impairment(&self, ro: f64, noise: f64, delay: f64) -> f64 {
        let terv = self.telr_db - 40.0 * ((1.0 + delay / 10.0) / (1.0 + delay / 150.0)).log10()
            + 6.0 * (-0.3 * delay * delay).exp();
        let roe = -1.5 * (noise - RLR);
        let re = 80.0 + 2.5 * (terv - 14.0);
        let half = (roe - re) / 2.0;
        let talker = (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-delay).exp());
        let rle = 10.5 * (WEPL + 7.0) * (2.0 * delay + 1.0).powf(-0.25);
        let half = (ro - rle) / 2.0;
        let listener = half + (half * half + 169.0).sqrt();
        talker + listener + waiting(delay)
    }
}

/// The mean opinion score of a rating (Annex B).
pub fn mos(r: f64) -> f64 {
    match r {
        r if r >= 100.0 => 4.5,
        r if r > 0.0 => (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7.0e-6).max(1.0),
        _ => 1.0,
    }
}

/// No: all noise at the point of reference, dBm0p.
fn noise() -> f64 {
    let olr = SLR + RLR;
    let send = ROOM_SEND - SLR - D_SEND - 100.0 + 0.004 * (ROOM_SEND - olr - D_SEND - 14.0).powi(2);
    let lstr = STMR + D_RECEIVE;
    let room = ROOM_RECEIVE + 10.0 * (1.0 + power(10.0 - lstr)).log10();
    let receive = RLR - 121.0 + room + 0.008 * (room - 35.0).powi(2);
    let sum = power(CIRCUIT_NOISE) + power(send) + power(receive) + power(NOISE_FLOOR + RLR);
    10.0 * sum.log10()
}

/// Is: too loud, sidetone, quantizing.
fn simultaneous(ro: f64, noise: f64, delay: f64, telr: f64) -> f64 {
    let x = SLR + RLR + 0.2 * (64.0 + noise - RLR);
    let loud = 20.0 * (root(x / 8.0, 8) - x / 8.0);
    let stmro = -10.0 * (power(-STMR) + (-delay / 4.0).exp() * power(-telr)).log10();
    let sidetone = 12.0 * root((stmro - 13.0) / 6.0, 8)
        - 28.0 * root((stmro + 1.0) / 19.4, 35)
        - 13.0 * root((stmro - 3.0) / 33.0, 13)
        + 29.0;
    let q = 37.0 - 15.0 * QDU.log10();
    let g = 1.07 + 0.258 * q + 0.0602 * q * q;
    let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
    let z = 46.0 / 30.0 - g / 40.0;
    let quantizing = 15.0 * (1.0 + 10f64.powf(y) + 10f64.powf(z)).log10();
    loud + sidetone + quantizing
}

/// Idd: even without echo, beyond 100 ms.
fn waiting(delay: f64) -> f64 {
    if delay <= 100.0 {
        return 0.0;
    }
    let x = (delay / 100.0).log2();
    25.0 * (root(x, 6) - 3.0 * root(x / 3.0, 6) + 2.0)
}

fn power(db: f64) -> f64 {
    10f64.powf(db / 10.0)
}

/// The n-th root of 1 + xⁿ.
fn root(x: f64, n: i32) -> f64 {
    (1.0 + x.powi(n)).powf(1.0 / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Connection)) -> Connection {
        let mut connection = Connection::default();
        change(&mut connection);
        connection
    }

    #[test]
    fn the_default_connection_rates_what_the_recommendation_says() {
        // G.107 §7.7: with all parameters at their defaults R = 93.2.
        let r = Connection::default().r();
        assert!((r - 93.2).abs() < 0.05, "{r}");
        assert!((Connection::default().mos() - 4.41).abs() < 0.005);
    }

    #[test]
    fn opinion_scores_are_those_of_table_b_1() {
        for (r, wanted) in [
            (90.0, 4.34),
            (80.0, 4.03),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
            (0.0, 1.0),
            (-20.0, 1.0),
            (100.0, 4.5),
            (130.0, 4.5),
        ] {
            assert!((mos(r) - wanted).abs() <= 0.0065, "{r}: {}", mos(r));
        }
        // The cubic dips below 1 near 0; no score does.
        assert!((0..=100).all(|r| mos(f64::from(r)) >= 1.0));
    }

    #[test]
    fn delay_costs_what_cole_and_rosenbluth_found() {
        // Their straight lines for G.107's curve: 0.024 d, and 0.11 more for each ms beyond 177.3. They are furthest from it
        // at their corner.
        for d in [20.0, 50.0, 100.0, 150.0, 177.0, 200.0] {
            let lines = 93.2 - 0.024 * d - 0.11 * (d - 177.3f64).max(0.0);
            let r = with(|c| c.one_way_ms = d).r();
            assert!((r - lines).abs() < 1.0, "{d} ms: {r}, lines {lines}");
        }
        // Beyond, the curve flattens and the lines do not. G.109: at 400 ms many users are dissatisfied (60 to 70).
        let r = with(|c| c.one_way_ms = 400.0).r();
        assert!((60.0..70.0).contains(&r), "{r}");
    }

    #[test]
    fn loss_costs_what_g_113_has_for_g_711() {
        // Appendix I: with concealment, packets lost at random (bg).
        for (loss, ie) in [
            (0.0, 0.0),
            (2.0, 7.0),
            (3.0, 10.0),
            (5.0, 15.0),
            (7.0, 20.0),
        ] {
            let cost = 93.2 - with(|c| c.loss_percent = loss).r();
            assert!((cost - ie).abs() < 1.0, "{loss} %: {cost}");
        }
        // Without it: 1 % 18 by the formula (95 / 5.3).
        let bare = with(|c| {
            c.loss_percent = 1.0;
            c.robustness = WITHOUT_CONCEALMENT;
        });
        assert!((93.2 - bare.r() - 17.9).abs() < 0.1, "{}", bare.r());
    }

    #[test]
    fn an_echo_is_worse_the_later_it_comes() {
        let at = |ms, telr| {
            with(|c| {
                c.one_way_ms = ms;
                c.telr_db = telr;
            })
            .r()
        };
        assert!(at(5.0, 45.0) > 88.0);
        assert!(at(100.0, 45.0) < 72.0, "{}", at(100.0, 45.0));
        for (early, late) in [(10.0, 50.0), (50.0, 100.0), (100.0, 300.0)] {
            assert!(at(early, 45.0) > at(late, 45.0) + 5.0);
        }
    }

    #[test]
    fn no_number_makes_none() {
        for ms in [f64::NAN, f64::INFINITY, -5.0, 1.0e9] {
            for loss in [-3.0, 0.0, 1.0e6] {
                let connection = with(|c| {
                    c.one_way_ms = ms;
                    c.loss_percent = loss;
                });
                assert!(connection.r().is_finite());
                assert!((1.0..=4.5).contains(&connection.mos()));
            }
        }
    }
}
