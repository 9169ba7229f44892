//! RTP arithmetic: packets, telephone-events, jitter buffer, sender.
