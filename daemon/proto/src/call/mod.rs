//! The call logic of one analog port.
