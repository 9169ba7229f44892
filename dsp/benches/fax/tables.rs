//! The tables: modems, loss and jitter, levels, and what else comes up.

use super::network::Weather;
use super::rig::{Case, Folder, Outcome, V17, V27TER, V29, call, direct};
use super::super_g3;

/// Calls of a cell, and rows of the page.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) runs: u64,
    pub(crate) rows: usize,
}

/// What a cell must have.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Floor {
    None,
    /// All calls succeed.
    Success,
    /// And all rows are as they were sent.
    Perfect,
}

/// Runs cells and remembers those below their floor.
pub(crate) struct Tables {
    size: Size,
    folder: Folder,
    below: Vec<String>,
}

impl Tables {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            size,
            folder: Folder::new("tables"),
            below: Vec::new(),
        }
    }

    /// Cells below their floor.
    pub(crate) fn below(self) -> Vec<String> {
        self.below
    }

    fn cell(&mut self, name: &str, case: &Case, floor: Floor) -> String {
        let case = Case {
            rows: self.size.rows,
            ..case.clone()
        };
        let outcomes: Vec<Outcome> = (0..self.size.runs)
            .map(|seed| call(&case, seed, self.folder.path()))
            .collect();
        let good = outcomes.iter().filter(|o| o.success).count();
        let perfect = outcomes.iter().filter(|o| o.perfect()).count();
        let rows: usize = outcomes
            .iter()
            .filter(|o| o.success)
            .map(|o| o.spoilt)
            .sum();
        let mut seconds: Vec<f64> = outcomes.iter().map(|o| o.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        // Machine to machine nothing makes them fall back.
        let direct = direct(&case, self.folder.path()).filter(|_| !case.spoil_check);
        let over = direct.map_or(String::new(), |direct| {
            format!("{:+.1}", (median - direct) / case.pages as f64)
        });
        let enough = match floor {
            Floor::None => true,
            Floor::Success => good == outcomes.len(),
            Floor::Perfect => perfect == outcomes.len(),
        };
        let mut text = format!("{good}");
        if perfect < good {
            text += &format!("({perfect}; {rows} rows)");
        }
        text += &format!(" {median:.1} {over}");
        if !enough {
            text += " !";
            let why: Vec<String> = outcomes
                .iter()
                .enumerate()
                .filter(|(_, o)| !o.perfect())
                .map(|(n, o)| format!("call {n}: {} rows, {} / {}", o.spoilt, o.sent, o.got))
                .collect();
            self.below
                .push(format!("{name}: {text}: {}", why.join("; ")));
        }
        text
    }

    fn row(&mut self, name: &str, cells: &[(Case, Floor)]) {
        print!("{name:24}");
        for (n, (case, floor)) in cells.iter().enumerate() {
            let cell = self.cell(&format!("{name}, column {}", n + 1), case, *floor);
            print!("| {cell:22}");
        }
        println!();
    }

    /// V.17 at 14,400 bit/s over loss and jitter.
    pub(crate) fn loss(&mut self, losses: &[f64], jitters: &[u32]) {
        println!(
            "\nV.17 14,400, redundancy 3: calls that succeeded (perfect; rows spoilt), median s, s more a page than without a network"
        );
        println!("{:24}| with ECM{:14}| without ECM", "loss, jitter", "");
        for jitter in jitters {
            for loss in losses {
                let weather = Weather::of(*loss, *jitter);
                let floor = if *loss <= 5.0 && *jitter <= 150 {
                    Floor::Success
                } else {
                    Floor::None
                };
                let cells = [true, false].map(|ecm| (Case::new(V17, ecm, weather), floor));
                self.row(&format!("{loss} %, {jitter} ms"), &cells);
            }
        }
    }

    /// The other modems.
    pub(crate) fn modems(&mut self, losses: &[f64]) {
        println!("\nother modems, jitter 20 ms");
        println!("{:24}| with ECM{:14}| without ECM", "modem, loss", "");
        for (name, modems, spoil_check) in [
            ("V.29 9600", V29, false),
            ("V.29 7200", V29, true),
            ("V.27ter 4800", V27TER, false),
            ("V.27ter 2400", V27TER, true),
        ] {
            for loss in losses {
                let cells = [true, false].map(|ecm| {
                    let case = Case::new(modems, ecm, Weather::of(*loss, 20));
                    (
                        Case {
                            spoil_check,
                            ..case
                        },
                        Floor::Success,
                    )
                });
                self.row(&format!("{name}, {loss} %"), &cells);
            }
        }
    }

    /// Weak and strong machines.
    pub(crate) fn levels(&mut self, levels: &[f64]) {
        println!("\nlevel of the machines at the relay, 1 % loss, noise -65 dBm0");
        println!(
            "{:24}| 14,400 ECM{:12}| 14,400{:16}| 9600 ECM{:14}| 9600{:18}| 4800 ECM{:14}| 4800",
            "dBm0", "", "", "", "", ""
        );
        for level in levels {
            let floor = if *level >= -32.0 {
                Floor::Success
            } else {
                Floor::None
            };
            let cells: Vec<_> = [V17, V29, V27TER]
                .into_iter()
                .flat_map(|modems| [true, false].map(|ecm| (modems, ecm)))
                .map(|(modems, ecm)| {
                    let case = Case {
                        level: Some(*level),
                        noise: -65.0,
                        ..Case::new(modems, ecm, Weather::of(1.0, 20))
                    };
                    (case, floor)
                })
                .collect();
            self.row(&format!("{level}"), &cells);
        }
    }

    /// Everything else.
    pub(crate) fn others(&mut self) {
        println!("\n1 % loss, jitter 20 ms unless named");
        println!(
            "{:24}| 14,400 ECM{:12}| 14,400{:16}| 9600 ECM{:14}| 9600",
            "", "", "", ""
        );
        let fair = Weather::of(1.0, 20);
        type Change = fn(&mut Case);
        let changes: [(&str, Change); 6] = [
            ("three pages", |c| c.pages = 3),
            ("hybrids of 6 dB", |c| c.hybrid = 6.0),
            ("talker echo protection", |c| c.tep = true),
            ("packets in 40 ms bursts", |c| c.weather.burst = 40),
            ("redundancy 1", |c| c.weather.redundancy = 1),
            ("redundancy 0, no loss", |c| {
                c.weather.redundancy = 0;
                c.weather.loss = 0.0;
            }),
        ];
        for (name, change) in changes {
            let cells: Vec<_> = [(V17, true), (V17, false), (V29, true), (V29, false)]
                .into_iter()
                .map(|(modems, ecm)| {
                    let mut case = Case::new(modems, ecm, fair);
                    change(&mut case);
                    let floor = if case.weather.redundancy == 1 {
                        Floor::None
                    } else {
                        Floor::Success
                    };
                    (case, floor)
                })
                .collect();
            self.row(name, &cells);
        }
    }

    /// Super G3 machines at both ends: V.8 kept out by the calling gateway, by the called one, by both; with a caller that
    /// sends its menu (CM) whatever the answer tone is, and one that waits for ANSam.
    pub(crate) fn super_g3(&mut self) {
        println!(
            "\nSuper G3 machines on both sides, ANSam and the caller's menu (CM) before T.30, 1 % loss in T.38, 14,400 bit/s, ECM"
        );
        println!(
            "{:26}| as G3, all rows equal | median s | menu sent ms | menu at the far line ms (most)",
            "V.8 is kept out by"
        );
        for (name, squelch, eager) in [
            ("calling gateway, CM sent", [true, false], true),
            ("both gateways, CM sent", [true; 2], true),
            ("calling gateway", [true, false], false),
            ("called gateway", [false, true], false),
            ("both gateways", [true; 2], false),
        ] {
            let case = super_g3::Case {
                squelch,
                eager,
                weather: Weather::of(1.0, 20),
                rows: self.size.rows,
            };
            let outcomes: Vec<super_g3::Outcome> = (0..self.size.runs)
                .map(|seed| super_g3::call(&case, seed, self.folder.path()))
                .collect();
            let good = outcomes.iter().filter(|o| o.went_on()).count();
            let mut seconds: Vec<f64> = outcomes.iter().map(|o| o.seconds).collect();
            seconds.sort_by(f64::total_cmp);
            let sent: u32 = outcomes.iter().map(|o| o.menu_ms).sum();
            let most = outcomes.iter().map(|o| o.passed_ms).max().unwrap_or(0);
            let runs = outcomes.len();
            println!(
                "{name:26}| {good:6} of {runs:<11} | {:8.1} | {:12} | {most}",
                seconds[runs / 2],
                sent / runs as u32,
            );
            if good < runs {
                let failed = outcomes.iter().enumerate().filter(|(_, o)| !o.went_on());
                let why: Vec<String> = failed.map(|(n, o)| format!("call {n}: {o:?}")).collect();
                self.below
                    .push(format!("Super G3, {name}: {good}: {}", why.join("; ")));
            }
        }
        // Without that they are V.34, and nothing of this would be tried.
        let case = super_g3::Case {
            squelch: [false; 2],
            eager: false,
            weather: Weather::fair(),
            rows: 60,
        };
        let open = super_g3::call(&case, 1, self.folder.path());
        println!("{:26}| V.34 agreed on: {}", "nobody", open.v34);
        if !open.v34 {
            self.below.push(format!("Super G3, nobody: {open:?}"));
        }
    }

    /// A few cells that all must be perfect.
    pub(crate) fn quick(&mut self) {
        for (name, modems, weather, spoil_check) in [
            ("14,400, 5 %, 150 ms", V17, Weather::of(5.0, 150), false),
            ("9600, 3 %", V29, Weather::of(3.0, 20), false),
            ("7200", V29, Weather::fair(), true),
            ("4800, 3 %", V27TER, Weather::of(3.0, 20), false),
        ] {
            let cells = [true, false].map(|ecm| {
                let case = Case {
                    spoil_check,
                    ..Case::new(modems, ecm, weather)
                };
                (case, if ecm { Floor::Perfect } else { Floor::Success })
            });
            self.row(name, &cells);
        }
    }
}
