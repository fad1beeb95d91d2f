//! How the connections of a projection are stored.

use snnc_ir::graph::op::Op;
use snnc_machine::network::{Layer, Listed, Projection};
use snnc_machine::target::Implementation;

/// How the connections of a projection are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Of a linear layer: every target of every input is listed.
    Dense,
    /// Of a convolution: one kernel over all positions of a core.
    Conv,
    /// Every source neuron has a list of its own, of the targets that it has a weight for.
    Sparse,
}

impl Encoding {
    /// The encoding that keeps the form of the operator.
    fn of_operator(projection: &Projection) -> Self {
        if matches!(projection.op, Op::Linear(_)) { Self::Dense } else { Self::Conv }
    }

    /// Which connections are listed.
    pub fn listed(self) -> Listed {
        match self {
            Self::Dense | Self::Conv => Listed::All,
            Self::Sparse => Listed::NonZero,
        }
    }
}

/// The encodings of a layer's projections, in their order.
pub fn of(layer: &Layer, how: Implementation) -> Vec<Encoding> {
    let sparse = match how.encoding {
        "sparse" => [true, true],
        "conv+sparse" | "dense+sparse" => [false, true],
        "sparse+conv" | "sparse+dense" => [true, false],
        _ => [false, false],
    };
    let of = |(k, projection): (usize, &Projection)| {
        if sparse[k.min(1)] { Encoding::Sparse } else { Encoding::of_operator(projection) }
    };
    layer.projections.iter().enumerate().map(of).collect()
}

/// The ways to store a layer's connections: in the form of their operators (`mixed` where these are of both
/// kinds), in lists of non-zero weights, and with two projections also one so and the other so. Lists that
/// would be those of the dense form are left out.
pub fn implementations(layer: &Layer) -> Vec<Implementation> {
    let own: Vec<Encoding> = layer.projections.iter().map(Encoding::of_operator).collect();
    let form = match own.as_slice() {
        [first, rest @ ..] if rest.iter().any(|e| e != first) => "mixed",
        [Encoding::Dense, ..] => "dense",
        _ => "conv",
    };
    let differs: Vec<bool> =
        layer.projections.iter().map(|p| p.has_zeros() || !matches!(p.op, Op::Linear(_))).collect();
    let mut names = vec![form];
    if let ([first, second], [true, true]) = (own.as_slice(), differs.as_slice()) {
        names.push(if *first == Encoding::Dense { "dense+sparse" } else { "conv+sparse" });
        names.push(if *second == Encoding::Dense { "sparse+dense" } else { "sparse+conv" });
    }
    if differs.contains(&true) {
        names.push("sparse");
    }
    names.into_iter().map(|encoding| Implementation { encoding }).collect()
}
