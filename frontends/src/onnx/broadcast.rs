//! Constants spread over the features of a layer, by ONNX's rules of broadcasting.

use super::constant::Constant;
use super::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;

/// How a constant lies over features.
enum Spread {
    Scalar,
    PerChannel,
    PerNeuron,
}

/// The values of a constant for features of a shape: one, one per channel or one per neuron.
///
/// `values` are those of the constant, in its order.
pub(crate) fn param<T: Copy>(
    what: &str,
    constant: &Constant,
    values: Vec<T>,
    features: &[usize],
) -> Result<Param<T>, Refusal> {
    let wrong = || {
        refuse_with(
            Code::BadShape,
            format!("'{what}' of shape {:?} does not fit features of shape {features:?}", constant.dims),
            "give one value, [C, 1, 1] for one per channel, or the shape of the features",
        )
    };
    let extra = constant.dims.len().saturating_sub(features.len());
    let (outer, inner) = constant.dims.split_at_checked(extra).ok_or_else(wrong)?;
    if outer.iter().any(|d| *d != 1) {
        return Err(wrong());
    }
    // Aligned to the right; missing dimensions in front count as 1.
    let mut dims = vec![1usize; features.len() - inner.len()];
    dims.extend_from_slice(inner);
    if dims.iter().zip(features).any(|(d, f)| *d != 1 && d != f) {
        return Err(wrong());
    }
    let spread = match dims.split_first() {
        _ if values.len() == 1 => Spread::Scalar,
        Some((_, rest)) if rest.iter().all(|d| *d == 1) => Spread::PerChannel,
        _ => Spread::PerNeuron,
    };
    Ok(match (spread, values.first()) {
        (Spread::Scalar, Some(value)) => Param::Scalar(*value),
        (Spread::PerChannel, _) => Param::PerChannel(values),
        (Spread::PerNeuron, _) if dims == features => Param::PerNeuron(values),
        _ => Param::PerNeuron(repeat(&values, &dims, features)),
    })
}

fn repeat<T: Copy>(values: &[T], dims: &[usize], features: &[usize]) -> Vec<T> {
    let total: usize = super::dims::product(features);
    (0..total)
        .filter_map(|flat| {
            let (mut rest, mut at, mut stride) = (flat, 0, 1);
            for (d, f) in dims.iter().zip(features).rev() {
                at += if *d == 1 { 0 } else { rest % f * stride };
                rest /= f;
                stride *= d;
            }
            values.get(at).copied()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::constant::Data;
    use crate::onnx::proto::tensor_proto::DataType;

    fn spread(dims: &[usize], values: &[f32], features: &[usize]) -> Option<Param<f32>> {
        let data = Data::F32(values.into());
        let constant = Constant { dims: dims.to_vec(), ty: DataType::Float, data, quant: None };
        param("p", &constant, values.to_vec(), features).ok()
    }

    #[test]
    fn scalars_channels_and_neurons() {
        assert_eq!(spread(&[], &[2.0], &[3, 2, 2]), Some(Param::Scalar(2.0)));
        assert_eq!(spread(&[1, 2, 1, 1], &[1.0, 2.0], &[2, 2, 2]), Some(Param::PerChannel(vec![1.0, 2.0])));
        assert_eq!(spread(&[2], &[1.0, 2.0], &[2]), Some(Param::PerChannel(vec![1.0, 2.0])));
        // One value per column, as ONNX has it, not per channel.
        let columns = Some(Param::PerNeuron(vec![1.0, 2.0, 1.0, 2.0]));
        assert_eq!(spread(&[2], &[1.0, 2.0], &[1, 2, 2]), columns);
        assert_eq!(spread(&[3], &[1.0; 3], &[2, 2, 2]), None);
        assert_eq!(spread(&[2, 1, 1, 1], &[1.0; 2], &[2, 2, 2]), None);
    }
}
