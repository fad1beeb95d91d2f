//! Loads of the links of a mesh under dimension-order routing: first along x, then along y.

use std::collections::BTreeMap;

use snnc_machine::load::Interval;

use crate::mesh::Site;
use crate::traffic::Flow;

/// A directed link between two neighbouring routers of a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Router that it leaves.
    pub from: Site,
    /// Router that it enters.
    pub to: Site,
}

/// What the links carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkLoads {
    /// Messages per step on every link that carries any, in thousandths.
    pub loads: BTreeMap<Link, Interval>,
    /// Messages times hops per step, in thousandths.
    pub hops: Interval,
    /// Messages per step that cross chips, in thousandths; their way between chips is not modelled.
    pub between_chips: Interval,
}

/// Routes every flow.
pub fn route(flows: &[Flow], sites: &[Site]) -> LinkLoads {
    let mut out = LinkLoads::default();
    for flow in flows {
        let (from, to) = (sites[flow.from], sites[flow.to]);
        if from.chip != to.chip {
            out.between_chips = out.between_chips.plus(flow.messages);
            continue;
        }
        let mut at = from;
        while at != to {
            let mut next = at;
            if at.x != to.x {
                next.x = if at.x < to.x { at.x + 1 } else { at.x - 1 };
            } else {
                next.y = if at.y < to.y { at.y + 1 } else { at.y - 1 };
            }
            let load = out.loads.entry(Link { from: at, to: next }).or_default();
            *load = load.plus(flow.messages);
            out.hops = out.hops.plus(flow.messages);
            at = next;
        }
    }
    out
}

impl LinkLoads {
    /// The links with the greatest nominal load, busiest first, at most `count`; of equals the first.
    pub fn busiest(&self, count: usize) -> Vec<(Link, Interval)> {
        let mut all: Vec<(Link, Interval)> = self.loads.iter().map(|(l, v)| (*l, *v)).collect();
        all.sort_by_key(|(link, load)| (std::cmp::Reverse((load.nominal, load.upper)), *link));
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_along_x_first() {
        let site = |x, y| Site { chip: 0, x, y };
        let flows = [Flow { from: 0, to: 1, messages: Interval::exact(2000) }];
        let loads = route(&flows, &[site(0, 0), site(2, 1)]);
        let links: Vec<Link> = loads.loads.keys().copied().collect();
        assert_eq!(
            links,
            [
                Link { from: site(0, 0), to: site(1, 0) },
                Link { from: site(1, 0), to: site(2, 0) },
                Link { from: site(2, 0), to: site(2, 1) }
            ]
        );
        assert_eq!(loads.hops, Interval::exact(6000));
    }
}
