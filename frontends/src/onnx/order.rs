//! Order of the nodes: every producer before its readers, otherwise as in the file.

use super::proto::NodeProto;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The indices of the nodes in order, and those that cannot be ordered because they lie on or behind a
/// cycle.
pub(crate) fn order(nodes: &[NodeProto]) -> (Vec<usize>, Vec<usize>) {
    let mut producer: BTreeMap<&str, usize> = BTreeMap::new();
    for (k, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            producer.entry(output).or_insert(k);
        }
    }
    let mut waits: Vec<usize> = Vec::with_capacity(nodes.len());
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (k, node) in nodes.iter().enumerate() {
        let mut sources: Vec<usize> =
            node.input.iter().filter_map(|name| producer.get(name.as_str()).copied()).collect();
        sources.sort_unstable();
        sources.dedup();
        waits.push(sources.len());
        for source in sources {
            if let Some(list) = readers.get_mut(source) {
                list.push(k);
            }
        }
    }
    let ready = waits.iter().enumerate().filter(|(_, w)| **w == 0).map(|(k, _)| Reverse(k));
    let mut ready: BinaryHeap<Reverse<usize>> = ready.collect();
    let mut out = Vec::with_capacity(nodes.len());
    while let Some(Reverse(k)) = ready.pop() {
        out.push(k);
        for &reader in readers.get(k).map(Vec::as_slice).unwrap_or_default() {
            if let Some(w) = waits.get_mut(reader) {
                *w -= 1;
                if *w == 0 {
                    ready.push(Reverse(reader));
                }
            }
        }
    }
    let stuck = waits.iter().enumerate().filter(|(_, w)| **w > 0).map(|(k, _)| k).collect();
    (out, stuck)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(input: &[&str], output: &str) -> NodeProto {
        NodeProto {
            input: input.iter().map(|s| (*s).to_owned()).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        }
    }

    #[test]
    fn keeps_file_order_where_it_can() {
        let nodes = [node(&["b"], "c"), node(&["x"], "a"), node(&["a", "a"], "b"), node(&["x"], "d")];
        assert_eq!(order(&nodes), (vec![1, 2, 0, 3], vec![]));
    }

    #[test]
    fn a_cycle_is_told() {
        let nodes = [node(&["x"], "a"), node(&["c"], "b"), node(&["b"], "c"), node(&["c"], "d")];
        assert_eq!(order(&nodes), (vec![0], vec![1, 2, 3]));
    }
}
