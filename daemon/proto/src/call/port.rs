//! One analog port: its state, and who handles what.

use std::collections::VecDeque;

use crate::call::calls::Calls;
use crate::call::config::PortConfig;
use crate::call::contract::{Input, LineInput, LineOutput, MediaInput, MediaOutput, Output};
use crate::call::digits::{By, Digits};
use crate::call::entry::Call;
use crate::call::hook::HookEvent;
use crate::call::legs::Legs;
use crate::call::line::Line;
use crate::call::presented::readable;
use crate::call::record::{EndCause, Forwards, PortCounters, PortSnapshot};
use crate::call::ringer::{Ringer, RingerConfig};
use crate::call::server::Server;
use crate::call::supervision::{Set, Supervision, SupervisionConfig};
use crate::call::tones::Tones;
use crate::call::transfer::Transfer;
use crate::sccp::message::{
    CallStateChange, CallStateKind, ClientMessage, ConnectionStatisticsReq, ForwardStat, LampMode,
    ServerMessage, SetHookFlashDetect, SetLamp, SetRinger, SoftKey, SoftKeyEvent, StartTone,
    Stimulus, StopTone, first_of_piece, key_sets, template_keys,
};
use crate::time::Time;
use crate::types::{CallRef, CallState, LineInstance, PortState};

/// What the port is shown to do.
#[derive(Clone, Copy, Debug)]
struct Status {
    state: PortState,
    since: Time,
}

/// The machines that wait for a time. What is due at the same time is done in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Supervision,
    Ringer,
    Tones,
    Transfer,
    Preserved,
    Legs,
    Implied,
    Elsewhere,
    Line,
}

/// The call logic of one analog port.
///
/// After each [`Port::handle`] and [`Port::handle_timeout`] take [`Port::poll_output`] until `None`, then
/// ask [`Port::poll_timeout`].
///
/// ```
/// use tipring_proto::call::{Input, LineInput, LineOutput, Output, Port, PortConfig};
/// use tipring_proto::sccp::message::Tone;
/// use tipring_proto::time::Time;
/// // A phone is lifted while no CallManager is there: reorder tone.
/// let mut port = Port::new(PortConfig::default(), Time::ZERO);
/// port.handle(Time::ZERO, Input::Line(LineInput::LoopClosed { at: Time::ZERO }));
/// while let Some(at) = port.poll_timeout().filter(|at| at.since_epoch().as_millis() < 500) {
///     port.handle_timeout(at);
/// }
/// let outputs: Vec<Output> = std::iter::from_fn(|| port.poll_output()).collect();
/// assert!(outputs.contains(&Output::Line(LineOutput::PlayTone(Tone::REORDER))), "{outputs:?}");
/// ```
#[derive(Debug)]
pub struct Port {
    pub(super) cfg: PortConfig,
    pub(super) line: Line,
    pub(super) phone: Supervision,
    pub(super) server: Server,
    pub(super) calls: Calls,
    pub(super) transfer: Transfer,
    pub(super) digits: Digits,
    pub(super) legs: Legs,
    pub(super) tones: Tones,
    pub(super) ringer: Ringer,
    status: Status,
    out: VecDeque<Output>,
}

impl Port {
    /// A port on-hook, not registered.
    pub fn new(cfg: PortConfig, now: Time) -> Port {
        Port {
            line: Line::new(cfg.hook),
            ringer: Ringer::new(ringer_config(&cfg)),
            phone: Supervision::new(supervision_config(&cfg)),
            cfg,
            server: Server::new(),
            calls: Calls::default(),
            transfer: Transfer::default(),
            digits: Digits::default(),
            legs: Legs::default(),
            tones: Tones::default(),
            status: Status {
                state: PortState::Idle,
                since: now,
            },
            out: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::Line(line) => self.line(now, line),
            Input::Digit(heard) => {
                self.line.hook_mut().advance(heard.at);
                self.hook_events(now);
                if self.line.hook().is_dialing() {
                    self.digits.drop_one();
                } else {
                    self.dialled(heard.digit, By::Tone);
                }
            }
            Input::Media(MediaInput::ReceiveOpened { party, result }) => {
                self.legs.receive_opened(party, result, &self.cfg);
            }
            Input::Media(MediaInput::LegRefused { party, status }) => {
                self.leg_refused(now, party, status);
            }
            Input::Media(MediaInput::Heard { party, heard }) => {
                self.heard_of_preserved(now, party, heard);
            }
            Input::Media(MediaInput::Statistics { call, counters }) => {
                self.legs.statistics_known(call, counters);
            }
            Input::StationUp { version } => self.station_up(version),
            Input::StationDown => self.station_down(now),
            // Nothing that is said outside a registration is about this port.
            Input::Message(message) => {
                if self.server.is_up() {
                    self.message(now, message);
                }
            }
        }
        self.settle(now);
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Port::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        let machines = self.machines().into_iter().filter_map(|(_, due)| due);
        machines.chain(self.line.hook().next_deadline()).min()
    }

    /// Does what is due; too early is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        self.line.hook_mut().advance(now);
        self.hook_events(now);
        while let Some(machine) = self.due(now) {
            self.fire(now, machine);
        }
        self.settle(now);
    }

    /// There is a call, or a phone off-hook that a restart would harm. A phone that was left off-hook past the
    /// howler is not busy.
    pub fn is_busy(&self) -> bool {
        let lifted = match self.phone.state() {
            Set::Lifted | Set::Calls | Set::LoopOpened | Set::ErrorTone => true,
            Set::OnHook | Set::Howling | Set::Lockout => false,
        };
        lifted || self.calls.own() > 0 || self.transfer.owes_on_hook()
    }

    /// There is a call that would be lost if the device left its server now. One that is only offered is better taken
    /// elsewhere, and for one on hold at a phone that is on-hook nobody can be called to a dead line.
    pub fn has_call_to_keep(&self) -> bool {
        let lifted = !self.phone.is_on_hook();
        let kept = |c: &Call| !c.is_offered() && c.state != CallState::InUseElsewhere;
        (lifted && self.calls.iter().any(kept)) || self.transfer.owes_on_hook()
    }

    /// New settings; what is under way goes on by them. Meant for a port without a call.
    pub fn reconfigure(&mut self, cfg: PortConfig) {
        self.line.hook_mut().reconfigure(cfg.hook);
        self.phone.reconfigure(supervision_config(&cfg));
        self.ringer.reconfigure(ringer_config(&cfg));
        self.cfg = cfg;
    }

    /// The settings.
    pub fn config(&self) -> &PortConfig {
        &self.cfg
    }

    /// For status.
    pub fn snapshot(&self) -> PortSnapshot {
        PortSnapshot {
            off_hook: self.line.hook().is_off_hook(),
            state: self.status.state,
            since: self.status.since,
            active: self.calls.active(),
            calls: self.calls.iter().map(Call::snapshot).collect(),
            tone: self.tones.playing(),
            ring: self.ringer.sounding(),
            message_waiting: self.ringer.lamp(),
            forwards: self.server.forwards().clone(),
            unanswered: self.server.silences().0,
            counters: self.counters(),
        }
    }

    /// What the machines have counted.
    fn counters(&self) -> PortCounters {
        let [
            calls_in,
            calls_out,
            unknown_calls,
            preserved,
            preserved_silent,
        ] = self.calls.counted();
        let (flashes, flashes_unused) = self.line.flashes();
        let (digits_dtmf, digits_pulse, digits_dropped) = self.digits.counted();
        let (error_tones, howlers, lockouts) = self.phone.counted();
        let (media_ignored, media_refused) = self.legs.counted();
        PortCounters {
            calls_in,
            calls_out,
            flashes,
            flashes_unused,
            digits_dtmf,
            digits_pulse,
            digits_dropped,
            openings_odd: self.line.hook().odd(),
            lifted_unregistered: self.server.lifted_unregistered(),
            error_tones,
            server_silences: self.server.silences().1,
            howlers,
            lockouts,
            tones_ignored: self.tones.ignored(),
            media_ignored,
            media_refused,
            multicast_groups: self.legs.groups_joined(),
            unknown_calls,
            caller_ids: self.ringer.caller_ids(),
            preserved,
            preserved_silent,
        }
    }

    fn line(&mut self, now: Time, line: LineInput) {
        match line {
            LineInput::LoopClosed { at } => self.line.hook_mut().closed(at),
            LineInput::LoopOpened { at } => {
                // What was due before it may change what it means.
                self.line.hook_mut().advance(at);
                self.hook_events(now);
                let lone = self.lone_opening();
                self.line.hook_mut().opened(at, lone);
            }
            LineInput::Flash { at } => {
                self.line.hook_mut().advance(at);
                self.hook_events(now);
                self.flash(now);
            }
            LineInput::PulseDigit { digit, at } => {
                self.line.hook_mut().advance(at);
                self.hook_events(now);
                // The card has taken ten pulses for a 0.
                let pulses = if digit == 0 { 10 } else { u32::from(digit) };
                match self.cfg.hook.pulse_digits.digit(pulses) {
                    Some(digit) => self.dialled(digit, By::Pulse),
                    None => self.digits.drop_one(),
                }
            }
            LineInput::RingOn { .. } => self.ringer.burst_began(),
            LineInput::RingOff { at } => self.ring_off(now, at),
            LineInput::CallerIdSent => self.ringer.caller_id_sent(now),
            LineInput::Fault(fault) => {
                let grace_ms = self.cfg.fault_grace_ms;
                self.line.fails(now, fault, grace_ms);
            }
            LineInput::FaultCleared => {
                if self.line.works() {
                    self.ringer.renew();
                    self.ringer_asks();
                }
                if self.phone.is_on_hook() && self.ringer.is_quiet() {
                    self.ring_for_what_is_left(now, false);
                }
            }
        }
        self.hook_events(now);
    }

    fn hook_events(&mut self, now: Time) {
        while let Some(event) = self.line.hook_mut().poll() {
            match event {
                HookEvent::OffHook => self.lifted(now),
                HookEvent::OnHook => self.hung_up(now, EndCause::NearHangUp),
                HookEvent::Flash => self.flash(now),
                HookEvent::Pulse(digit) => {
                    self.out.push_back(Output::Counted(digit));
                    self.dialled(digit, By::Pulse);
                }
            }
        }
    }

    fn message(&mut self, now: Time, message: &ServerMessage) {
        if is_about_a_call(message) {
            self.server.spoke();
        }
        self.sign_of_life(now, message);
        match message {
            ServerMessage::StartTone(StartTone { tone, call, .. }) => {
                self.start_tone(now, *tone, *call);
            }
            ServerMessage::StopTone(StopTone { call, .. }) => self.server_stops_tone(*call),
            ServerMessage::SetRinger(SetRinger { mode, call, .. }) => {
                self.set_ringer(now, *mode, *call);
            }
            ServerMessage::SetLamp(SetLamp { stimulus, mode, .. })
                if *stimulus == Stimulus::VOICEMAIL =>
            {
                self.ringer.set_lamp(*mode != LampMode::OFF);
                self.ringer_asks();
            }
            ServerMessage::SetHookFlashDetect(SetHookFlashDetect) => self.server.want_hook_flash(),
            ServerMessage::OpenReceiveChannel(open) => self.open_receive(now, open),
            ServerMessage::StartMediaTransmission(start) => self.start_media(now, start),
            ServerMessage::StopMediaTransmission(leg) => self.legs.stop(leg.party),
            ServerMessage::CloseReceiveChannel(leg) => self.close_receive(now, leg.party),
            ServerMessage::StartMulticastMediaReception(start) => self.join_multicast(now, start),
            ServerMessage::StopMulticastMediaReception(stop) => self.close_receive(now, stop.party),
            ServerMessage::CallInfo(info) => self.call_info(now, info),
            ServerMessage::ForwardStat(stat) => self.forwarded(stat),
            ServerMessage::DialedNumber(dialed) => {
                if let Some(call) = self.call_mut(dialed.call) {
                    call.took(&dialed.number);
                }
            }
            ServerMessage::CallState(CallStateChange { state, call, .. }) => {
                self.call_state(now, *state, *call);
            }
            ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
                number,
                call,
                mode,
            }) => {
                self.legs.want_statistics(number, *call, *mode);
            }
            ServerMessage::SoftKeyTemplateRes(template) => {
                let first = first_of_piece(template);
                let keys = template_keys(template);
                self.server.soft_keys().template(first, keys);
            }
            ServerMessage::SoftKeySetRes(sets) => {
                let first = first_of_piece(sets);
                self.server.soft_keys().sets(first, key_sets(sets));
            }
            ServerMessage::SelectSoftKeys(select) => self.server.soft_keys().select(select),
            // Displays, dates and the like: an analog phone has no use for them.
            _ => {}
        }
    }

    /// ForwardStat of this line; line 0 is any.
    fn forwarded(&mut self, stat: &ForwardStat) {
        if stat.line == self.cfg.line || stat.line == LineInstance(0) {
            let number = |number: &Option<String>| number.as_deref().map(readable);
            self.server.set_forwards(Forwards {
                all: number(&stat.all),
                busy: number(&stat.busy),
                no_answer: number(&stat.no_answer),
            });
        }
    }

    fn call_state(&mut self, now: Time, state: CallStateKind, id: CallRef) {
        if id == CallRef::NONE {
            return;
        }
        self.name_implied(id, state);
        match state {
            CallStateKind::ON_HOOK => self.server_ended(now, id),
            CallStateKind::OFF_HOOK => self.server_off_hook(now, id),
            CallStateKind::RING_IN => self.offered(now, id, false),
            CallStateKind::CALL_WAITING => self.offered(now, id, true),
            CallStateKind::CONNECTED => self.server_connected(now, id),
            CallStateKind::HOLD | CallStateKind::TRANSFER => self.server_held(id),
            CallStateKind::RING_OUT => self.progress(now, id, CallState::RingingOut),
            CallStateKind::PROCEED => self.progress(now, id, CallState::Proceeding),
            CallStateKind::BUSY => self.progress(now, id, CallState::Busy),
            CallStateKind::CONGESTION | CallStateKind::INVALID_NUMBER => {
                self.progress(now, id, CallState::Failed);
            }
            CallStateKind::REMOTE_MULTILINE | CallStateKind::REMOTE_HOLD => {
                self.server_elsewhere(now, id);
            }
            // Park, privacy and barge change nothing that an analog phone shows.
            _ => {}
        }
    }

    /// When each of the machines has something to do.
    fn machines(&self) -> [(Machine, Option<Time>); 9] {
        let [preserved, implied, elsewhere] = self.calls.due();
        [
            (Machine::Supervision, self.phone.due()),
            (Machine::Ringer, self.ringer.due()),
            (Machine::Tones, self.tones.due()),
            (Machine::Transfer, self.transfer.due()),
            (Machine::Preserved, preserved),
            (Machine::Legs, self.legs.due()),
            (Machine::Implied, implied),
            (Machine::Elsewhere, elsewhere),
            (Machine::Line, self.line.due()),
        ]
    }

    /// The machine whose turn it is: of two at the same time the first one.
    fn due(&self, now: Time) -> Option<Machine> {
        let due = self.machines().into_iter();
        let due = due.filter_map(|(machine, at)| Some((machine, at.filter(|at| *at <= now)?)));
        due.min_by_key(|&(_, at)| at).map(|(machine, _)| machine)
    }

    fn fire(&mut self, now: Time, machine: Machine) {
        match machine {
            Machine::Supervision => {
                self.phone.handle_timeout(now);
                self.supervision_asks(now);
            }
            Machine::Legs => self.early_due(now),
            Machine::Preserved => self.look_at_preserved(),
            Machine::Implied => self.media_gone(now),
            Machine::Elsewhere => self.end_orphan(),
            Machine::Line => {
                if self.line.take_due(now) {
                    self.line_lost(now);
                }
            }
            Machine::Transfer => {
                self.transfer.handle_timeout(now);
                self.transfer_asks(now);
            }
            Machine::Tones => {
                if self.tones.take_due(now) {
                    self.call_waiting_tone(now);
                }
            }
            Machine::Ringer => {
                self.ringer.handle_timeout(now);
                self.ringer_asks();
            }
        }
    }

    /// What follows from everything above: the bridge and the word of state.
    fn settle(&mut self, now: Time) {
        let bridge = match self.phone.state() {
            Set::Calls => self.calls.active().and_then(|id| self.legs.audible(id)),
            Set::OnHook
            | Set::Lifted
            | Set::LoopOpened
            | Set::ErrorTone
            | Set::Howling
            | Set::Lockout => None,
        };
        self.legs.bridge(bridge);
        self.legs_ask();
        let word = self.find_word();
        if word != self.status.state {
            self.status = Status {
                state: word,
                since: now,
            };
        }
    }

    fn find_word(&self) -> PortState {
        if self.line.is_faulty() {
            return PortState::Fault;
        }
        match self.phone.state() {
            Set::OnHook => match self.ringer.word() {
                Some(word) => word,
                None if self.calls.in_use_elsewhere() => PortState::InUseElsewhere,
                None => PortState::Idle,
            },
            Set::Lifted => PortState::Lifted,
            Set::Calls if !self.calls.is_occupied() => PortState::AllHeld,
            Set::Calls | Set::LoopOpened => PortState::InCall,
            Set::ErrorTone => PortState::ErrorTone,
            Set::Howling => PortState::Howling,
            Set::Lockout => PortState::Lockout,
        }
    }

    // What the other files of this room share.

    pub(super) fn call(&self, id: CallRef) -> Option<&Call> {
        self.calls.get(id)
    }

    pub(super) fn call_mut(&mut self, id: CallRef) -> Option<&mut Call> {
        self.calls.get_mut(id)
    }

    pub(super) fn in_state(&self, state: CallState) -> Option<CallRef> {
        self.calls.in_state(state)
    }

    pub(super) fn state_of(&self, id: CallRef) -> Option<CallState> {
        self.call(id).map(|c| c.state)
    }

    /// Takes a call off the list, writes its record and closes what is left of its media.
    pub(super) fn remove_call(&mut self, now: Time, id: CallRef, cause: EndCause) -> Option<Call> {
        let call = self.calls.remove(id)?;
        self.out.push_back(Output::Record(call.record(now, cause)));
        self.legs.close_of(id);
        self.legs_ask();
        Some(call)
    }

    /// The gateway stops: the calls that are up end here. Unregistering ends them for the CallManager.
    pub(crate) fn stop(&mut self, now: Time) {
        let up: Vec<CallRef> = self.calls.iter().map(|call| call.id).collect();
        for id in up {
            // A call of another phone of the line goes on.
            let cause = match self.state_of(id) {
                Some(CallState::InUseElsewhere) => EndCause::AnsweredElsewhere,
                _ => EndCause::Stopped,
            };
            self.remove_call(now, id, cause);
        }
        self.stop_ringing();
    }

    pub(super) fn send(&mut self, message: ClientMessage) {
        self.out.push_back(Output::Send(message));
    }

    pub(super) fn tell_line(&mut self, output: LineOutput) {
        self.out.push_back(Output::Line(output));
    }

    pub(super) fn tell_media(&mut self, output: MediaOutput) {
        self.out.push_back(Output::Media(output));
    }

    pub(super) fn soft_key(&mut self, event: SoftKey, call: CallRef) {
        let line = self.cfg.line;
        let event = self.server.soft_keys().event(event, call);
        self.send(ClientMessage::SoftKeyEvent(SoftKeyEvent {
            event,
            line,
            call,
        }));
    }
}

fn supervision_config(cfg: &PortConfig) -> SupervisionConfig {
    SupervisionConfig {
        server_answer_ms: cfg.server_answer_ms,
        first_digit_ms: cfg.first_digit_ms,
        error_tone_ms: cfg.error_tone_ms,
        howler_ms: cfg.howler_ms,
        open_loop_ms: cfg.open_loop_ms,
    }
}

fn ringer_config(cfg: &PortConfig) -> RingerConfig {
    RingerConfig {
        caller_id: cfg.caller_id,
        hold_recall_ms: cfg.hold_recall_ms,
    }
}

/// Does the server do something for the phone, or have a call for it? A server that answers nothing also takes note of a
/// hook, and reports the end of a call.
fn is_about_a_call(message: &ServerMessage) -> bool {
    match message {
        ServerMessage::StartTone(_)
        | ServerMessage::OpenReceiveChannel(_)
        | ServerMessage::StartMulticastMediaReception(_)
        | ServerMessage::StartMediaTransmission(_) => true,
        ServerMessage::CallState(CallStateChange { state, .. }) => *state != CallStateKind::ON_HOOK,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
