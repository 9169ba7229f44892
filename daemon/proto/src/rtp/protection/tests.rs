use super::*;

/// A call at fifty packets a second, looked at each second.
struct Call {
    protection: Protection,
    seen: LossSeen,
    second: u64,
    changes: Vec<(u64, u8)>,
}

impl Call {
    fn new(wanted: RepeatedPackets) -> Call {
        Call {
            protection: Protection::new(wanted),
            seen: LossSeen::default(),
            second: 0,
            changes: vec![],
        }
    }

    /// Seconds in each of which this number of the fifty is lost; the far end reports each 5 s, if it does.
    fn pass(&mut self, seconds: u64, lost: u64, reports: Option<f32>) {
        for _ in 0..seconds {
            self.second += 1;
            self.seen.received += 50 - lost;
            self.seen.lost += lost;
            if let Some(share) = reports.filter(|_| self.second.is_multiple_of(5)) {
                let before = self.seen.reported.map_or(0, |(n, _)| n);
                self.seen.reported = Some((before + 1, share));
            }
            let now = Time::from_millis(self.second * 1000);
            if let Some(change) = self.protection.look(now, self.seen) {
                assert_eq!(change.depth, self.protection.depth());
                self.changes.push((self.second, change.depth));
            }
        }
    }
}

const AUTO: RepeatedPackets = RepeatedPackets::Auto;

#[test]
fn a_number_stays_whatever_is_lost() {
    for depth in 0..=2 {
        let mut call = Call::new(RepeatedPackets::Fixed(depth));
        call.pass(100, 5, Some(10.0));
        call.pass(200, 0, Some(0.0));
        assert_eq!(
            (call.protection.depth(), &call.changes[..]),
            (depth, &[][..])
        );
        assert!(!call.protection.is_automatic());
    }
    assert_eq!(Protection::new(RepeatedPackets::Fixed(9)).depth(), 2);
}

#[test]
fn loss_of_three_percent_takes_two_at_once_and_gives_one_back_after_half_a_minute() {
    let mut call = Call::new(AUTO);
    assert_eq!(call.protection.depth(), 1);
    call.pass(3, 2, None);
    assert_eq!(call.changes, [(2, 2)], "with the third that is lost");
    assert!((3.0..5.0).contains(&call.protection.loss()));
    // The window has to be over, and then the half minute.
    call.pass(60, 0, None);
    assert_eq!(call.changes[1..], [(11 + 30, 1)]);
}

#[test]
fn a_loss_between_the_limits_keeps_what_there_is() {
    let between = |call: &mut Call| {
        (0..60).for_each(|_| {
            call.pass(1, 1, None);
            call.pass(1, 0, None);
        });
    };
    let mut call = Call::new(AUTO);
    between(&mut call);
    assert!(
        (0.7..1.5).contains(&call.protection.loss()),
        "{}",
        call.protection.loss()
    );
    assert_eq!(call.changes, []);
    call.pass(4, 2, None);
    between(&mut call);
    assert_eq!(call.protection.depth(), 2, "{:?}", call.changes);
    assert_eq!(call.changes.len(), 1);
}

#[test]
fn nothing_is_repeated_only_when_the_far_end_says_that_it_loses_nothing() {
    let mut call = Call::new(AUTO);
    call.pass(600, 0, None);
    assert_eq!(call.changes, [], "nobody says how ours arrive");
    let mut call = Call::new(AUTO);
    call.pass(120, 0, Some(0.0));
    assert_eq!(call.changes, [(65, 0)]);
    // One packet is enough for one.
    call.pass(1, 1, Some(0.0));
    assert_eq!(call.changes[1..], [(121, 1)]);
    // And reports that cease.
    let mut call = Call::new(AUTO);
    call.pass(120, 0, Some(0.0));
    call.pass(30, 0, None);
    assert_eq!(call.changes, [(65, 0), (140, 1)]);
}

#[test]
fn the_far_ends_loss_counts_where_ours_is_none() {
    let mut call = Call::new(AUTO);
    call.pass(5, 0, Some(5.0));
    assert_eq!(call.changes, [(5, 2)]);
    // Two reports are taken together: one without loss is none yet.
    call.pass(5, 0, Some(0.0));
    assert!((call.protection.loss() - 2.5).abs() < 0.01);
    call.pass(50, 0, Some(0.0));
    assert_eq!(call.changes[1..], [(45, 1)]);
}

#[test]
fn packets_that_come_after_all_are_no_wild_number() {
    let mut call = Call::new(AUTO);
    call.pass(5, 1, None);
    call.seen.lost = 0;
    call.seen.received = 0;
    call.pass(20, 0, None);
    assert_eq!(call.protection.loss(), 0.0);
}

#[test]
fn a_call_that_begins_with_two_keeps_them_for_half_a_minute_and_a_number_that_was_set_stays() {
    let mut call = Call::new(AUTO);
    call.pass(40, 0, None);
    call.protection.begin_with(2);
    assert_eq!(call.protection.depth(), 2);
    call.pass(29, 0, None);
    assert_eq!(call.protection.depth(), 2);
    call.pass(2, 0, None);
    assert_eq!(
        (call.protection.depth(), &call.changes[..]),
        (1, &[(71, 1)][..])
    );
    call.protection.begin_with(0);
    assert_eq!(call.protection.depth(), 1);
    let mut fixed = Call::new(RepeatedPackets::Fixed(1));
    fixed.protection.begin_with(2);
    assert_eq!(fixed.protection.depth(), 1);
}
