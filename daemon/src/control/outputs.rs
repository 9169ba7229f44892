//! What goes out: everything a device asks for, done in its order.

use std::time::Duration;

use tipring_dsp::ChainCommand;
use tipring_hal::port::LineCommand;
use tipring_proto::call::{CallRecord, LineInput, LineOutput, MediaInput, MediaOutput};
use tipring_proto::device::{Input, Output};
use tipring_proto::sccp::message::MediaStatus;
use tipring_proto::time::Time;
use tipring_types::trace::Trace;
use tracing::info;

use super::lamp::LampStep;
use super::translate::{self, Line};
use super::{Gateway, NO_ADDRESS, PortUnit, trace};
use crate::line::LineOrder;

/// On-hook transmission for the message to a lamp: DT-AS, the longest seizure and the message, and some.
const LAMP_WINDOW: Duration = Duration::from_secs(2);

impl Gateway {
    /// Does everything a device asks for.
    pub(super) fn drain(&mut self, now: Time, index: usize) {
        while let Some(output) = self.ports.get_mut(index).and_then(PortUnit::poll_output) {
            match output {
                Output::Connect {
                    id,
                    server,
                    purpose,
                } => self.connect(now, index, id, server, purpose),
                Output::Send { id, bytes } => self.send(now, index, id, bytes),
                Output::Close { id } => self.close(index, id),
                Output::Line(output) => self.line_output(now, index, output),
                Output::Media(output) => self.media_output(now, index, output),
                Output::Record(record) => self.record(now, index, &record),
                Output::Event(event) => {
                    self.news(now, index, &event);
                    self.inform_siblings(now, index, &event);
                }
                Output::Trace(traced) => {
                    if let Some(event) = trace::of_device(&traced) {
                        self.trace(now, index, event);
                    }
                }
            }
        }
        self.settle(now, index);
    }

    fn record(&mut self, now: Time, index: usize, record: &CallRecord) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let media = unit.desk.of_call(now, record.call, record.started);
        let (number, legs) = (unit.number, media.clone());
        let call = self.calls.close(&self.clock, number, record, media);
        self.keep_call(index, call, record, &legs);
        let talked_s = record.connected.map(|at| (record.ended - at).as_secs());
        info!(
            port = number,
            call,
            direction = record.direction.name(),
            talked_s,
            received = legs.iter().map(|leg| leg.rtp.received_packets).sum::<u64>(),
            lost = legs.iter().map(|leg| leg.rtp.lost_packets).sum::<u64>(),
            "call over: {}",
            tipring_ctl::words::end_cause(record.cause)
        );
        let over = Trace::CallEnded {
            call_ref: record.call.0,
            cause: record.cause,
        };
        self.trace_call(now, index, call, over);
    }

    fn line_output(&mut self, now: Time, index: usize, output: LineOutput) {
        self.lamp_yields(index, &output);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let neon_lamp = unit.capabilities.is_some_and(|c| c.neon_mwi);
        let when = unit.call_time(&self.clock);
        match translate::line_order(&output, &unit.plan, neon_lamp, when) {
            Line::Order(order) => {
                self.order(now, index, order);
            }
            Line::NoCallerId => unit.handle(now, Input::Line(LineInput::CallerIdSent)),
            Line::LampByMessage(on) => unit.lamp.want(on),
        }
    }

    /// A message to the lamp ends where the line is needed.
    fn lamp_yields(&mut self, index: usize, output: &LineOutput) {
        if matches!(output, LineOutput::MessageLamp(_)) {
            return;
        }
        let now = self.clock.now();
        let unit = self.ports.get_mut(index);
        if unit.and_then(|u| u.lamp.break_off()).is_some() {
            self.order(now, index, LineOrder::Chain(ChainCommand::StopCallerId));
        }
    }

    /// Sends the message lamp's state by FSK, when it is time.
    pub(super) fn lamp_turn(&mut self, now: Time, index: usize, idle: bool) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let event = match unit.lamp.step(now, idle) {
            None => return,
            Some(LampStep::BreakOff) => {
                self.order(now, index, LineOrder::Chain(ChainCommand::StopCallerId));
                Trace::MessageLampBrokenOff
            }
            Some(LampStep::Send(on)) => {
                let can = unit.capabilities.is_some_and(|c| c.on_hook_transmission);
                match unit.plan.message_lamp(on).filter(|_| can) {
                    Some(message) => {
                        let open = LineCommand::OnHookTransmission(LAMP_WINDOW);
                        self.order(now, index, LineOrder::Port(open));
                        let send = ChainCommand::SendCallerId(message);
                        self.order(now, index, LineOrder::Chain(send));
                        Trace::MessageLampByFsk { on }
                    }
                    None => {
                        unit.lamp.sent(now);
                        Trace::MessageLampUnsupported
                    }
                }
            }
        };
        self.trace(now, index, event);
    }

    fn media_output(&mut self, now: Time, index: usize, output: MediaOutput) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let bind = unit.station_config().address;
        let bind = bind.or(unit.local()).unwrap_or(NO_ADDRESS);
        let doing = unit.desk.act(
            now,
            output,
            bind,
            &mut self.lines.rtp,
            &mut self.lines.sessions,
        );
        let fax_ended = unit.desk.fax_ended();
        // A call that the server answered by itself waits for the lift: the ringing line is not to be linked to it,
        // which the line thread does with a first session.
        let opens = matches!(output, MediaOutput::OpenReceive { .. });
        let waits = (opens && !unit.call_logic().off_hook).then_some(LineOrder::Bridge(None));
        let mut answer = doing.answer;
        for order in doing.orders.into_iter().chain(waits) {
            let added = match &order {
                LineOrder::AddSession(session) => Some(session.id()),
                _ => None,
            };
            let sent = self.order(now, index, order);
            // It will never be served: the server must not believe in it.
            if let (Some(id), false, Some(unit)) = (added, sent, self.ports.get_mut(index))
                && let Some(party) = unit.desk.refused(now, id)
            {
                let result = Err(MediaStatus::NOT_ENOUGH_CHANNELS);
                answer = Some(MediaInput::ReceiveOpened { party, result });
            }
        }
        if let Some(trouble) = doing.trouble {
            self.warn(now, index, &trouble);
        }
        for doing in fax_ended {
            self.fax_doing(now, index, doing);
        }
        if let (Some(answer), Some(unit)) = (answer, self.ports.get_mut(index)) {
            unit.handle(now, Input::Media(answer));
        }
    }

    /// False: the line thread will not hear of it.
    pub(super) fn order(&mut self, now: Time, index: usize, order: LineOrder) -> bool {
        let Some(line) = self.ports.get(index).and_then(|p| p.line) else {
            return false;
        };
        let sent = self.lines.threads.send(line, order);
        if let Err(full) = &sent {
            self.lines.orders_lost += 1;
            self.warn(now, index, &format!("an order was lost: {full}"));
        }
        sent.is_ok()
    }
}
