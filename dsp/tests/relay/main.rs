//! The fax relay between fax machines of the library, over networks that lose packets.
//!
//! The machines, lines and networks are the bench's own (`benches/fax`).

#[path = "../../benches/fax/chance.rs"]
mod chance;
#[path = "../../benches/fax/network.rs"]
mod network;
#[path = "../../benches/fax/page.rs"]
mod page;
#[path = "../../benches/fax/rig.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod rig;
#[path = "../../benches/fax/super_g3.rs"]
mod super_g3;

mod alloc;
mod calls;
mod menus;
mod peers;
mod tap;
