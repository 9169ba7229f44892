//! Whole call flows in virtual time: the gateway's devices against the test CallManager in its five dialects.
mod busy;
mod cisco;
mod digits;
mod failback;
mod fault;
mod features;
mod incoming;
mod link;
mod monkey;
mod outgoing;
mod transfer;
mod waiting;
mod world;
