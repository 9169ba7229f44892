use tipring_types::{FaxCause, FaxOutcome, FaxVerdict};

use super::*;

const PAINT: Paint = Paint { colour: false };

/// One that failed, with the longest of everything.
pub(crate) fn stored() -> StoredFax {
    StoredFax {
        number: 123_456,
        run: 1,
        id: 2,
        call: Some(12),
        port: 1024,
        direction: CallDirection::Outgoing,
        far_number: Some("+4930123456789012345".into()),
        far_name: Some("Ada Augusta Countess of Lovelace".into()),
        far_address: Some("10.0.0.9:16384".into()),
        verdict: FaxVerdict {
            outcome: FaxOutcome::TrainingUnanswered {
                rates: vec![14_400, 9600],
            },
            cause: Some(FaxCause::LevelLow {
                side: Side::Line,
                level: TenthDbm0(-380),
                usual: Some(TenthDbm0(-180)),
            }),
        },
        record: FaxRecord::sample(),
    }
}

fn good() -> StoredFax {
    StoredFax {
        number: 7,
        port: 3,
        far_number: Some("2001".into()),
        far_name: None,
        verdict: FaxVerdict {
            outcome: FaxOutcome::Complete { pages: 2 },
            cause: None,
        },
        ..stored()
    }
}

fn widest(text: &str) -> usize {
    text.lines().map(|l| l.chars().count()).max().unwrap_or(0)
}

#[test]
fn a_list_is_one_row_a_fax_and_fits_eighty_columns() {
    let list = FaxList {
        faxes: vec![FaxReport::of(stored()), FaxReport::of(good())],
        more: true,
        unreadable: 2,
        lost: 1,
        trouble: None,
    };
    let text = fax_list(PAINT, &list);
    assert!(widest(&text) <= 80, "{text}");
    for part in ["level-low", "good", "9600", "G.711", "There are older ones"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(fax_list(PAINT, &FaxList::default()), "none\n");
}

#[test]
fn one_fax_shows_its_verdict_first_and_its_session_last() {
    let text = super::fax(PAINT, &FaxReport::of(stored()));
    let begin = "failed: the training at 14400 and 9600 bit/s was never answered\n    \
                 why: line level is -38 dBm0, 20 dB below the usual\n    cure: check the wiring of port 1024";
    assert!(text.starts_with(begin), "{text}");
    for line in [
        "fax             123456 at port 1024, call 12",
        "machine here    +49 30 1234",
        "pages           2 confirmed, 3 frames sent again",
        "carried by      G.711 with 1 earlier one in each packet",
        "switch          2.9 s: the far gateway sent NSE 192, agreed: pass-through",
        "modem           V.17, 9600 bit/s, error correction (ECM)",
        "network         2 packets lost, 9 brought back by redundancy, 20 ms concealed, jitter 1.4 ms",
        "clocks          0 slips, the far clock -3 ppm",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let good = super::fax(PAINT, &FaxReport::of(good()));
    assert!(good.starts_with("good: 2 pages came through\n\n"), "{good}");
    assert!(!good.contains("cure"), "{good}");
}

#[test]
fn the_picture_of_a_session_fits_eighty_and_sixty_columns_and_names_every_signal() {
    let record = FaxRecord::sample();
    for width in [80, 60] {
        let picture = picture::picture(&record, width);
        for line in picture.lines() {
            let columns = line.chars().count();
            let is_row = line.ends_with('>') || line.contains('<') || line.ends_with('-');
            assert!(
                columns == width || !is_row && columns <= width,
                "{columns}: {picture}"
            );
        }
        for step in &record.steps {
            assert!(picture.contains(&step.sign), "{}: {picture}", step.sign);
        }
    }
    let expected = "\
         HERE                                               FAR END
0:00.0   CNG ---------------------------------------------->
0:02.6   <---------------------------------------------- CED
0:02.9   ---------------- now pass-through -----------------
0:06.1   <------------------------------------------ CSI DIS
0:08.2   TSI DCS 14400 ------------------------------------>
0:08.7   training 14400 ----------------------------------->
0:11.5   <---------------------------------------------- FTT
0:13.0   TSI DCS 9600 ------------------------------------->
0:13.5   training 9600 ------------------------------------>
0:16.3   <---------------------------------------------- CFR
0:16.6   page 1 9600, 28.0 s ------------------------------>
0:46.0   PPS-MPS ------------------------------------------>
0:47.5   <---------------------------------------------- PPR
0:47.8   page 1 9600, 0.9 s ------------------------------->
0:50.0   PPS-MPS ------------------------------------------>
0:51.5   <---------------------------------------------- MCF
0:51.8   page 2 9600, 27.0 s ------------------------------>
1:20.2   PPS-EOP ------------------------------------------>
1:21.7   <---------------------------------------------- MCF
1:23.3   DCN ---------------------------------------------->
1:23.4   over
";
    let narrow = picture::picture(&record, 60);
    let without_head = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(without_head(&narrow), without_head(expected), "{narrow}");
}

#[test]
fn a_signal_without_an_answer_is_one_row_and_nothing_known_is_no_picture() {
    let mut record = FaxRecord::sample();
    let step = record.steps[0].clone();
    record.steps = (0..11)
        .map(|n| tipring_types::FaxStep {
            after_ms: n * 3500,
            ..step.clone()
        })
        .collect();
    record.switches.clear();
    let picture = picture::picture(&record, 60);
    assert_eq!(picture.lines().count(), 3, "{picture}");
    assert!(picture.contains("CNG (11 times) -"), "{picture}");
    record.steps.clear();
    assert_eq!(picture::picture(&record, 60), "");
}

#[test]
fn faxes_added_up_are_a_row_a_port_and_a_row_a_far_number() {
    let seven = FaxTotals {
        port: Some(7),
        faxes: 6,
        good: 3,
        pages: 12,
        ecm: 2,
        agreed: 3,
        relayed: 1,
        usual_rate: Some(9600),
        lost: 30,
        loss_percent: 0.17,
        commonest_failure: Some("hung-up-there".into()),
        commonest_failures: 2,
        ..FaxTotals::default()
    };
    let stats = FaxStats {
        numbers: vec![FaxTotals {
            port: None,
            far_number: Some("2001".into()),
            ..seven.clone()
        }],
        ports: vec![seven],
        ..FaxStats::default()
    };
    assert_eq!(
        fax_stats(PAINT, &stats),
        "PORT  FAXES  GOOD  PAGES  ECM   RATE  LOST    COMMONEST\n\
         7     6      50 %  12     67 %  9600  0.17 %  hung-up-there:2\n\n\
         FAR END  FAXES  GOOD  PAGES  ECM   RATE  LOST    COMMONEST\n\
         2001     6      50 %  12     67 %  9600  0.17 %  hung-up-there:2\n"
    );
    assert_eq!(fax_stats(PAINT, &FaxStats::default()), "no faxes\n");
}
