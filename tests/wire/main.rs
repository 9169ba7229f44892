//! The SCCP wire codec against captured servers, against tshark, against itself and against nonsense; redundant RTP
//! and T.38 against tshark.
#![forbid(unsafe_code)]

mod capture;
mod comfort;
mod fields;
mod golden;
mod nonsense;
mod round_trip;
mod rtcp;
mod rtp;
mod strategies;
mod t38;
mod tshark;
