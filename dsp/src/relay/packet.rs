//! Gathers what a carrier of the line brings into packets.

use tipring_types::t38::{Carrier, FieldKind, IFP_FIELDS, Ifp, Indicator};

/// Length of a packet, samples: 30 ms.
const LENGTH: u32 = 240;
/// Octets of a packet at 14,400 bit/s.
const MOST: usize = 54;

/// Where packets go.
pub(super) type Emit<'a> = dyn FnMut(&Ifp) + 'a;

/// The packet that is being filled.
pub(super) struct Packer {
    carrier: Carrier,
    packet: Ifp,
    fields: usize,
    octets: [u8; MOST],
    len: usize,
    most: usize,
    kind: FieldKind,
    age: u32,
    /// Packets made.
    pub(super) made: u64,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self {
            carrier: Carrier::V21,
            packet: Ifp::data(Carrier::V21),
            fields: 0,
            octets: [0; MOST],
            len: 0,
            most: 1,
            kind: FieldKind::HdlcData,
            age: 0,
            made: 0,
        }
    }

    pub(super) fn indicator(&mut self, indicator: Indicator, emit: &mut Emit<'_>) {
        self.made += 1;
        emit(&Ifp::indicator(indicator));
    }

    /// Data of this carrier follow, in octets of this kind. At 300 bit/s each goes at once.
    pub(super) fn begin(&mut self, carrier: Carrier, kind: FieldKind) {
        self.carrier = carrier;
        self.kind = kind;
        self.most = match carrier {
            Carrier::Fast(fast) => (fast.rate() * 30 / 8000) as usize,
            _ => 1,
        }
        .clamp(1, MOST);
        self.fresh();
        self.len = 0;
    }

    fn fresh(&mut self) {
        self.packet = Ifp::data(self.carrier);
        self.fields = 0;
        self.age = 0;
    }

    pub(super) fn octet(&mut self, octet: u8, emit: &mut Emit<'_>) {
        self.octets[self.len] = octet;
        self.len += 1;
        if self.len == self.most {
            self.flush(emit);
        }
    }

    /// A frame or the carrier ends.
    pub(super) fn mark(&mut self, kind: FieldKind, emit: &mut Emit<'_>) {
        self.close_field();
        self.push(kind, 0);
        if self.fields + 2 > IFP_FIELDS || self.carrier == Carrier::V21 {
            self.flush(emit);
        }
    }

    /// Time passes.
    pub(super) fn tick(&mut self, samples: u32, emit: &mut Emit<'_>) {
        if self.len == 0 && self.fields == 0 {
            self.age = 0;
            return;
        }
        self.age += samples;
        if self.age >= LENGTH {
            self.flush(emit);
        }
    }

    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        self.close_field();
        if self.fields > 0 {
            self.made += 1;
            emit(&self.packet);
        }
        self.fresh();
    }

    fn close_field(&mut self) {
        if self.len > 0 {
            self.push(self.kind, self.len);
            self.len = 0;
        }
    }

    fn push(&mut self, kind: FieldKind, len: usize) {
        // At most 12 fields by `mark`, and 54 octets for each 30 ms: they fit.
        if self.packet.push(kind, &self.octets[..len]).is_ok() {
            self.fields += 1;
        }
    }
}
