//! The nodes that a walk goes over, in two widths.

/// A node without branches: the walk goes on at `child` where the value of `slot` is at most `threshold`, else at
/// `child + 1`.
///
/// A leaf has its value for a threshold, the slot of negative infinity, and itself for a child, so that a walk that
/// has arrived stays. Nodes are numbered over all trees.
pub(super) trait Node: Copy + Send + Sync {
    /// The number of slots that a node can refer to.
    const SLOTS: usize;
    /// The number of nodes that a node can refer to.
    const NODES: usize;

    /// Packs the three. Panics where a number is beyond [`Node::SLOTS`] or [`Node::NODES`].
    fn new(threshold: f32, slot: usize, child: usize) -> Self;
    fn threshold(self) -> f32;
    fn slot(self) -> usize;
    fn child(self) -> usize;
}

/// 8 bytes: 255 slots and 16 million nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compact {
    threshold: f32,
    /// The child above, the slot in the lowest 8 bits.
    packed: u32,
}

impl Node for Compact {
    const SLOTS: usize = 1 << 8;
    const NODES: usize = 1 << 24;

    fn new(threshold: f32, slot: usize, child: usize) -> Self {
        assert!(slot < Self::SLOTS && child < Self::NODES, "the node fits");
        Self {
            threshold,
            packed: (child as u32) << 8 | slot as u32,
        }
    }

    fn threshold(self) -> f32 {
        self.threshold
    }

    fn slot(self) -> usize {
        (self.packed & 0xff) as usize
    }

    fn child(self) -> usize {
        (self.packed >> 8) as usize
    }
}

/// 12 bytes: as many slots and nodes as can be numbered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    threshold: f32,
    slot: u32,
    child: u32,
}

impl Node for Wide {
    const SLOTS: usize = u32::MAX as usize;
    const NODES: usize = u32::MAX as usize;

    fn new(threshold: f32, slot: usize, child: usize) -> Self {
        assert!(slot < Self::SLOTS && child < Self::NODES, "the node fits");
        Self {
            threshold,
            slot: slot as u32,
            child: child as u32,
        }
    }

    fn threshold(self) -> f32 {
        self.threshold
    }

    fn slot(self) -> usize {
        self.slot as usize
    }

    fn child(self) -> usize {
        self.child as usize
    }
}
