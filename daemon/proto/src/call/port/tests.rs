use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::*;
use crate::call::contract::{CallerId, Presented};
use crate::call::record::{CallSnapshot, Forwards};
use crate::sccp::message::{
    CallInfo, CallOnLine, ConnectionStatistics, ForwardStat, MediaFormat, MediaStatus,
    OpenReceiveChannel, RingMode, Tone,
};
use crate::types::{
    AfterFarHangUp, CallDirection, CallerIdTiming, Codec, Conference, FlashAction, LineFault,
    LineInstance, Party, Polarity,
};

mod answer;
mod callmanager;
mod fault;
mod flash;
mod implied;
mod media;
mod nonsense;
mod one_reference;
mod outgoing;
mod preserved;
mod rig;
mod shared;
mod silence;
mod slow_dial;

use rig::*;
