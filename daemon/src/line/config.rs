//! How the line threads run.

/// Settings of the line threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineConfig {
    /// Number of threads; the ports are shared out in runs.
    pub shards: usize,
    /// SCHED_FIFO priority, 1–99; 0 asks for none.
    pub priority: u8,
    /// Lock the process in memory.
    pub lock_memory: bool,
    /// Orders that may wait per thread.
    pub order_ring: usize,
    /// Reports that may wait per thread.
    pub report_ring: usize,
    /// Work per wake.
    pub engine: EngineConfig,
}

impl Default for LineConfig {
    fn default() -> LineConfig {
        LineConfig {
            shards: 1,
            priority: 70,
            lock_memory: true,
            order_ring: 512,
            report_ring: 2048,
            engine: EngineConfig::default(),
        }
    }
}

/// Settings of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Blocks between what is written and what the line plays. Costs delay, buys tolerance of late wakes.
    pub prefill_blocks: u8,
    /// Datagrams looked at per port and block.
    pub datagrams_per_block: u16,
    /// Beyond that, datagrams looked at in a wake of all ports together.
    pub datagrams_shared: u32,
    /// Of these, packets of the far end accepted; the rest is dropped.
    pub packets_per_block: u16,
    /// Blocks caught up per port and wake.
    pub blocks_at_once: u8,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            prefill_blocks: 2,
            datagrams_per_block: 64,
            datagrams_shared: 2048,
            packets_per_block: 16,
            blocks_at_once: 8,
        }
    }
}
