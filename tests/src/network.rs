//! A network of its own for a process, and a cable that can be pulled.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::skip::skipped;

/// The network namespace and the cable into it. Both are gone when it is dropped.
pub struct Network {
    name: String,
    cable: String,
    number: u32,
}

impl Network {
    /// One with a cable that is plugged in; `None`, said loudly, where this user cannot have one.
    pub fn new(test: &str) -> Option<Self> {
        static NETWORKS: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() * 8 + NETWORKS.fetch_add(1, Ordering::Relaxed) % 8;
        let network = Self {
            name: format!("tickermill-{number}"),
            cable: format!("tm{number}"),
            number,
        };
        if !ip(&format!("netns add {}", network.name)) {
            skipped(test, "only root with iproute2 can cut a network");
            return None;
        }
        let (name, cable) = (&network.name, &network.cable);
        let (here, there) = (network.address(1), network.address(2));
        for step in [
            format!("link add {cable} type veth peer name inner netns {name}"),
            format!("addr add {here}/30 dev {cable}"),
            format!("link set {cable} up"),
            format!("-n {name} addr add {there}/30 dev inner"),
            format!("-n {name} link set inner up"),
        ] {
            assert!(ip(&step), "ip {step}");
        }
        Some(network)
    }

    /// The address of this side of the cable.
    pub fn host(&self) -> String {
        self.address(1)
    }

    /// What runs a command inside.
    pub fn wrapper(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    /// Pulls the cable out.
    pub fn cut(&self) {
        assert!(ip(&format!("link set {} down", self.cable)));
    }

    /// Plugs the cable in.
    pub fn mend(&self) {
        assert!(ip(&format!("link set {} up", self.cable)));
    }

    /// Of 10.0.0.0/8, told apart by the process, so that two do not meet.
    fn address(&self, end: u32) -> String {
        let [_, _, high, low] = self.number.to_be_bytes();
        format!("10.{}.{}.{}", 128 + high % 64, low, end)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cable goes with the namespace, but not at once; where there was neither, there is nothing to do.
        let _ = ip(&format!("link del {}", self.cable));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}
