//! A blocking client of the control socket. Every wait has a deadline.
