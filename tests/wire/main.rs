//! The SCCP wire codec against captured servers, against tshark, against itself and against nonsense; redundant RTP
//! against tshark.
#![forbid(unsafe_code)]

mod comfort;
mod fields;
mod golden;
mod nonsense;
mod round_trip;
mod rtcp;
mod rtp;
mod strategies;
mod tshark;
