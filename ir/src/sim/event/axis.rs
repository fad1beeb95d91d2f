//! Which outputs an input position reaches along one axis of a window.

/// Sizes along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) pad: usize,
    pub(super) dilation: usize,
}

/// Consecutive outputs that an input position reaches through consecutive slots of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// First slot.
    pub(super) slot: u32,
    /// First output.
    pub(super) output: u32,
    /// Number of slots and outputs.
    pub(super) len: u32,
}

/// A list for every position of an axis.
#[derive(Clone, Debug)]
pub(super) struct Spans {
    /// Where the list of a position starts; one more than there are positions.
    starts: Vec<u32>,
    spans: Vec<Span>,
}

impl Axis {
    /// The kernel elements in the order of their slots: those that one input position reaches outputs through lie
    /// together, the outputs ascending.
    pub(super) fn slots(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.kernel).collect();
        order.sort_by_key(|k| (k * self.dilation % self.stride, std::cmp::Reverse(*k)));
        order
    }

    /// The output whose window sees input position `at` at kernel element `k`.
    fn reach(&self, at: usize, k: usize) -> Option<usize> {
        let from = (at + self.pad).checked_sub(k * self.dilation)?;
        (from % self.stride == 0).then_some(from / self.stride).filter(|p| *p < self.output)
    }

    /// The spans of every input position.
    pub(super) fn spans(&self) -> Spans {
        let slots = self.slots();
        let mut all = Spans { starts: vec![0], spans: Vec::new() };
        for at in 0..self.input {
            let first = all.spans.len();
            for (slot, k) in slots.iter().enumerate() {
                let Some(output) = self.reach(at, *k) else { continue };
                let (slot, output) = (slot as u32, output as u32);
                match all.spans[first..].last_mut() {
                    Some(s) if s.slot + s.len == slot && s.output + s.len == output => s.len += 1,
                    _ => all.spans.push(Span { slot, output, len: 1 }),
                }
            }
            all.starts.push(all.spans.len() as u32);
        }
        all
    }
}

impl Spans {
    /// The spans of an input position.
    #[inline(always)]
    pub(super) fn at(&self, position: usize) -> &[Span] {
        &self.spans[self.starts[position] as usize..self.starts[position + 1] as usize]
    }

    /// Number of outputs that a position reaches.
    #[inline(always)]
    pub(super) fn count(spans: &[Span]) -> u64 {
        spans.iter().map(|s| u64::from(s.len)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_every_connection_once() {
        for (stride, pad, dilation, kernel) in
            [(1, 1, 1, 3), (2, 1, 1, 3), (2, 0, 2, 3), (3, 4, 2, 4), (1, 0, 3, 2), (4, 0, 1, 2)]
        {
            let (input, reach) = (13, (kernel - 1) * dilation + 1);
            let output = (input + 2 * pad - reach) / stride + 1;
            let axis = Axis { input, output, kernel, stride, pad, dilation };
            let (spans, slots) = (axis.spans(), axis.slots());
            let mut found: Vec<(usize, usize, usize)> = Vec::new();
            for at in 0..input {
                for s in spans.at(at) {
                    let each =
                        (0..s.len).map(|k| (at, (s.output + k) as usize, slots[(s.slot + k) as usize]));
                    found.extend(each);
                }
            }
            let mut expected = Vec::new();
            for o in 0..output {
                for k in 0..kernel {
                    if let Some(at) = (o * stride + k * dilation).checked_sub(pad).filter(|at| *at < input) {
                        expected.push((at, o, k));
                    }
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_dense_window_is_one_span() {
        let axis = Axis { input: 9, output: 9, kernel: 3, stride: 1, pad: 1, dilation: 1 };
        assert_eq!(axis.spans().at(4), [Span { slot: 0, output: 3, len: 3 }]);
        let axis = Axis { input: 9, output: 4, kernel: 3, stride: 2, pad: 0, dilation: 1 };
        assert_eq!(axis.spans().at(4), [Span { slot: 0, output: 1, len: 2 }]);
    }
}
