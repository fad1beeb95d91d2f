//! `CumSum`.

use super::args::Args;
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::dims::{self, product};
use crate::onnx::refusal::Refusal;

/// `CumSum` along an axis.
pub(super) fn cumsum(args: &Args<'_>) -> Result<Constant, Refusal> {
    let x = args.required(0)?;
    let axis = Constant::single(&args.required(1)?.integers()?, "the axis of CumSum")?;
    let axis = dims::axis(axis, x.dims.len())?;
    let lines = Lines {
        size: x.dims.get(axis).copied().unwrap_or(1),
        inner: product(x.dims.get(axis + 1..).unwrap_or_default()),
        exclusive: args.attributes.int("exclusive", 0)? != 0,
        reverse: args.attributes.int("reverse", 0)? != 0,
    };
    match Values::of(x)? {
        Values::Reals(v) => {
            let wide: Vec<f64> = v.into_iter().map(f64::from).collect();
            let sums = lines.sums(&wide, 0.0, |a, b| a + b);
            Ok(values::reals(x.dims.clone(), x.ty, sums.into_iter().map(|v| v as f32)))
        }
        Values::Integers(v) => {
            let sums = lines.sums(&v, 0, i64::wrapping_add);
            values::integers(x.dims.clone(), x.ty, sums.into_iter())
        }
    }
}

/// The lines along an axis.
struct Lines {
    size: usize,
    inner: usize,
    /// Whether a sum is that of the elements before.
    exclusive: bool,
    /// Whether the sums begin at the end.
    reverse: bool,
}

impl Lines {
    fn sums<T: Copy>(&self, values: &[T], zero: T, add: fn(T, T) -> T) -> Vec<T> {
        let mut out = values.to_vec();
        let mut sums = vec![zero; if values.is_empty() { 0 } else { self.inner }];
        // A block is what lies behind one index of the axes in front of it.
        for block in out.chunks_mut((self.size * self.inner).max(1)) {
            sums.fill(zero);
            let mut rows: Vec<&mut [T]> = block.chunks_mut(self.inner.max(1)).collect();
            if self.reverse {
                rows.reverse();
            }
            for (value, sum) in rows.into_iter().flat_map(|row| row.iter_mut().zip(0..)) {
                if let Some(sum) = sums.get_mut::<usize>(sum) {
                    let before = *sum;
                    *sum = add(*sum, *value);
                    *value = if self.exclusive { before } else { *sum };
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType::Int64;

    #[test]
    fn sums_along_an_axis() {
        let x = real(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let axis = |v| whole(Int64, &[], &[v]);
        let run =
            |node: crate::onnx::proto::NodeProto, a| node.run(14, &[&x, &axis(a)]).unwrap().reals().unwrap();
        assert_eq!(run(node("CumSum"), 0), [1.0, 2.0, 3.0, 5.0, 7.0, 9.0]);
        assert_eq!(run(node("CumSum"), -1), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
        let back = node("CumSum").int("reverse", 1).int("exclusive", 1);
        assert_eq!(run(back, 1), [5.0, 3.0, 0.0, 11.0, 6.0, 0.0]);
        assert_eq!(
            node("CumSum").run(14, &[&list(&[i64::MAX, 1]), &axis(0)]).unwrap().integers().unwrap()[1],
            i64::MIN
        );
        assert_eq!(node("CumSum").run(14, &[&real(&[3, 0], &[]), &axis(0)]).unwrap().dims, [3, 0]);
        assert!(node("CumSum").run(14, &[&x, &axis(2)]).is_err());
    }
}
