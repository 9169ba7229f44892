//! Behaviour of the wrapped calls.
