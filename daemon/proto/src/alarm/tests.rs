use super::*;

/// Account 1234, type 18, a burglary (1 130) in partition 01, zone 001; the check is 9.
const BURGLARY: &str = "1234181130010019";
const NEWS: AlarmNews = AlarmNews::Message(AlarmMessage {
    qualifier: 1,
    event: 0x130,
    partition: 0x01,
    zone: 0x001,
});

struct Panel {
    listener: AlarmListener,
    now: Time,
    news: Vec<AlarmNews>,
}

impl Panel {
    fn new() -> Panel {
        Panel {
            listener: AlarmListener::default(),
            now: Time::from_millis(5_000),
            news: vec![],
        }
    }

    fn tone(&mut self, tone: AlarmTone, from: Side) {
        self.pass(500);
        let news = &mut self.news;
        self.listener.tone(self.now, tone, from, |n| news.push(n));
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.pass(110);
            let news = &mut self.news;
            let key = Digit::from_char(key).unwrap();
            self.listener.key(self.now, key, |n| news.push(n));
        }
    }
}

#[test]
fn the_check_of_the_sample_is_right() {
    let keys = BURGLARY.chars().map(|c| c.to_digit(10).unwrap());
    let sum: u32 = keys.map(|n| if n == 0 { 10 } else { n }).sum();
    assert_eq!(sum % CHECK, 0, "{sum}");
}

#[test]
fn a_message_after_the_handshake_is_heard_and_its_account_is_in_nothing() {
    let mut panel = Panel::new();
    // Dialing is none.
    panel.keys("5551234");
    assert!(panel.news.is_empty() && !panel.listener.expects_keys(panel.now, Side::Line));
    panel.tone(AlarmTone::Handshake, Side::Network);
    assert!(panel.listener.expects_keys(panel.now, Side::Line));
    panel.keys(BURGLARY);
    panel.tone(AlarmTone::Acknowledgement, Side::Network);
    // The next one needs no handshake.
    panel.keys(BURGLARY);
    panel.tone(AlarmTone::Acknowledgement, Side::Network);
    let tone = AlarmNews::Tone;
    assert_eq!(
        panel.news,
        [
            tone(AlarmTone::Handshake),
            NEWS,
            tone(AlarmTone::Acknowledgement),
            NEWS,
            tone(AlarmTone::Acknowledgement)
        ]
    );
    let figures = AlarmFigures {
        messages: 2,
        spoilt: 0,
        acknowledged: 2,
    };
    assert_eq!(panel.listener.figures(), figures);
    let kept = format!("{:?}{:?}", panel.listener, panel.news);
    assert!(!kept.contains("1, 2, 3, 4"), "{kept}");
}

#[test]
fn what_is_not_whole_is_counted_by_its_keys() {
    let mut panel = Panel::new();
    panel.tone(AlarmTone::Handshake, Side::Network);
    // A wrong check; a key that got lost, and the same again after four seconds; another type.
    panel.keys("1234181130010018");
    panel.pass(4_000);
    panel.keys(&BURGLARY[1..]);
    panel.pass(4_000);
    panel.keys(BURGLARY);
    panel.keys("1234171130010010");
    panel.keys("12");
    panel.tone(AlarmTone::Handshake, Side::Network);
    let spoilt = |keys| AlarmNews::Spoilt { keys };
    assert_eq!(
        panel.news[1..],
        [
            spoilt(16),
            spoilt(15),
            NEWS,
            spoilt(16),
            spoilt(2),
            AlarmNews::Tone(AlarmTone::Handshake)
        ]
    );
}

#[test]
fn zeros_count_as_ten_and_letters_are_read() {
    let mut panel = Panel::new();
    panel.tone(AlarmTone::Handshake, Side::Network);
    // Account B0CF, and an event of letters.
    let keys = "*0#C183A0B00000";
    let value = |c| u32::from(nibble(Digit::from_char(c).unwrap()));
    let sum: u32 = keys
        .chars()
        .map(value)
        .map(|n| if n == 0 { 10 } else { n })
        .sum();
    let check = match (15 - sum % 15) % 15 {
        0 => 'C',
        10 => '0',
        n => char::from_digit(n, 10).expect("a digit in this sample"),
    };
    panel.keys(keys);
    panel.keys(&check.to_string());
    let AlarmNews::Message(message) = panel.news[1] else {
        panic!("{:?}", panel.news);
    };
    assert_eq!((message.qualifier, message.event), (3, 0xD0E));
}

#[test]
fn keys_are_a_panels_only_where_the_receiver_is_the_far_end_and_only_for_a_time() {
    let mut panel = Panel::new();
    panel.tone(AlarmTone::Acknowledgement, Side::Network);
    assert!(
        panel.news.is_empty(),
        "1400 Hz without a handshake is nothing"
    );
    panel.tone(AlarmTone::Handshake, Side::Line);
    assert!(
        !panel.listener.expects_keys(panel.now, Side::Line),
        "a receiver's port"
    );
    let far = |panel: &Panel| panel.listener.expects_keys(panel.now, Side::Network);
    assert!(
        far(&panel),
        "the panel is the far end: its keys are an account too"
    );
    let next_leg = panel.listener.continued();
    assert!(next_leg.expects_keys(panel.now, Side::Network));
    assert_eq!(next_leg.figures(), AlarmFigures::default());
    panel.keys(BURGLARY);
    assert_eq!(panel.news.len(), 1);
    let mut panel = Panel::new();
    panel.tone(AlarmTone::Handshake, Side::Network);
    panel.pass(31_000);
    assert!(!panel.listener.expects_keys(panel.now, Side::Line));
    panel.keys(BURGLARY);
    assert_eq!(panel.news.len(), 1);
}
