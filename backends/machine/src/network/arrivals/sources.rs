//! Source neurons that reach a block through a weight that is not zero.

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;

use super::linear::runs;
use crate::network::field::{element_step, groups, span};
use crate::network::{Block, Projection};

impl Projection {
    /// For every neuron of the source whether a weight that is not zero leads from it into a block of the
    /// population, which has shape `shape`.
    pub fn listed_sources(&self, shape: Shape, block: &Block) -> Vec<bool> {
        let mut out = vec![false; self.source_shape.len()];
        match &self.op {
            Op::Conv2d(conv) => self.mark(conv, block, &mut out),
            Op::Linear(_) => {
                let lengths = self.connections(&runs(block, shape));
                out.iter_mut().zip(lengths).for_each(|(listed, n)| *listed = n > 0);
            }
            _ => {}
        }
        out
    }

    fn mark(&self, conv: &Conv2d, block: &Block, out: &mut [bool]) {
        let [outputs, per_group, kh, kw] = conv.kernel;
        let outs = outputs / conv.groups.max(1);
        let shape = self.source_shape;
        let (rows, cols) = (span(conv, 0, shape.h, &block.rows), span(conv, 1, shape.w, &block.cols));
        let steps = [element_step(conv, 0), element_step(conv, 1)];
        for (group, _) in groups(conv, &block.channels) {
            let own = block.channels.start.max(group * outs)..block.channels.end.min((group + 1) * outs);
            let set = self.connections(&[own]);
            for ci in 0..per_group {
                let set = &set[ci * kh * kw..(ci + 1) * kh * kw];
                for y in &rows.reached {
                    for x in &cols.reached {
                        let mut down = (y.first..).step_by(steps[0]).take(y.outputs);
                        let along = || (x.first..).step_by(steps[1]).take(x.outputs);
                        out[shape.index(group * per_group + ci, y.at, x.at)] =
                            down.any(|ky| along().any(|kx| set[ky * kw + kx] > 0));
                    }
                }
            }
        }
    }
}
