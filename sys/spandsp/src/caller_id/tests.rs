//! Behaviour of the wrapped functions.
