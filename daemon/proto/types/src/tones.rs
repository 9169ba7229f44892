//! Tones of fax terminals and modems.

words! {
    /// The two sides of a port's signal chain.
    #[derive(Default)]
    pub enum Side {
        /// The phone on the line.
        #[default]
        Line = "line",
        /// The far end.
        Network = "network",
    }
}

words! {
    /// A tone of a fax terminal or a modem.
    pub enum DataTone {
        /// A calling fax, 1100 Hz (T.30 CNG); reported 0.35 s after its onset, again with each burst.
        Cng = "CNG",
        /// An answering fax or modem, 2100 Hz (T.30 CED); reported 0.5 s after its onset.
        Ced = "CED",
        /// 2100 Hz with phase reversals: echo cancellers off; reported 0.5 s after its onset, soon after its first
        /// reversal. It may follow [`DataTone::Ced`], when the first reversals were lost.
        AnsPr = "ANS with phase reversals",
        /// Answer tone of V.8 (amplitude modulated), as [`DataTone::Ced`].
        AnsAm = "ANSam",
        /// The same with phase reversals, as [`DataTone::AnsPr`].
        AnsAmPr = "ANSam with phase reversals",
        /// HDLC flags at 300 bit/s: a fax begins to signal; reported 0.15 s after their onset.
        V21Preamble = "V.21 preamble",
        /// 2250 Hz after an answer tone: a modem of 1200 or 2400 bit/s (V.22, V.22bis) answers, as franking machines and card
        /// terminals have one; reported 0.25 s after its onset.
        V22 = "V.22 carrier",
    }
}

words! {
    /// A tone of the receiver of an alarm panel (Contact-ID).
    pub enum AlarmTone {
        /// 1400 Hz, a pause and 2300 Hz, 0.1 s each: the panel may speak.
        Handshake = "handshake",
        /// 1400 Hz of at least 0.4 s: the message has come whole.
        Acknowledgement = "acknowledgement",
    }
}
