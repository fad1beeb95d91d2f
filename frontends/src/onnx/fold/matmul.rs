//! Matrix products: `MatMul` and `Gemm`.

use super::args::Args;
use super::limit;
use super::values::{self, Values};
use super::walk::{Broadcast, Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// `MatMul`, of matrices, vectors and stacks of matrices.
pub(super) fn matmul(args: &Args<'_>) -> Folded {
    let (a, b) = (args.required(0)?, args.required(1)?);
    let wrong = || args.shape(format!("{:?} by {:?}", a.dims, b.dims));
    // A vector is one row on the left and one column on the right.
    let (left, right) = match (&a.dims[..], &b.dims[..]) {
        ([], _) | (_, []) => return Err(wrong()),
        ([k], [l]) => (vec![1, *k], vec![*l, 1]),
        ([k], right) => (vec![1, *k], right.to_vec()),
        (left, [l]) => (left.to_vec(), vec![*l, 1]),
        (left, right) => (left.to_vec(), right.to_vec()),
    };
    let (left_stack, [m, k]) = left.split_last_chunk().ok_or_else(wrong)?;
    let (right_stack, [l, n]) = right.split_last_chunk().ok_or_else(wrong)?;
    if k != l {
        return Err(wrong());
    }
    let stack = Broadcast::of(args, &[left_stack, right_stack])?;
    let rows = (a.dims.len() > 1).then_some(*m);
    let columns = (b.dims.len() > 1).then_some(*n);
    let dims: Vec<usize> = stack.dims.iter().copied().chain(rows).chain(columns).collect();
    let count = limit::elements(&dims)?;
    limit::products(count.checked_mul(*k))?;
    // Where the matrices of each pair begin.
    let begin = |own: &[usize], dims: &[usize]| {
        let missing = stack.dims.len().saturating_sub(own.len());
        let own = own.iter().zip(steps(dims)).map(|(dim, step)| if *dim == 1 { 0 } else { step });
        Walk::new(&stack.dims, std::iter::repeat_n(0, missing).chain(own), 0)
    };
    let pairs = begin(left_stack, &left).zip(begin(right_stack, &right));
    let pairs: Vec<(usize, usize)> = if count == 0 { Vec::new() } else { pairs.collect() };
    let size = [*m, *k, *n];
    args.same_type(a, b)?;
    match (Values::of(a)?, Values::of(b)?) {
        (Values::Reals(x), Values::Reals(y)) => {
            let sums = pairs.into_iter().flat_map(|(i, j)| reals(x.get(i..), y.get(j..), size));
            Ok(values::reals(dims, a.ty, sums.map(|v| v as f32)))
        }
        (Values::Integers(x), Values::Integers(y)) => {
            let sums = pairs.into_iter().flat_map(|(i, j)| integers(x.get(i..), y.get(j..), size));
            values::integers(dims, a.ty, sums)
        }
        _ => Err(args.no_type(a.ty)),
    }
}

/// `Gemm`: `alpha` times the product, and `beta` times the third input.
pub(super) fn gemm(args: &Args<'_>) -> Folded {
    let turned = |k, name: &str| -> Folded {
        let matrix = args.required(k)?;
        if args.attributes.int(name, 0)? != 0 { matrix.transposed(&[1, 0]) } else { Ok(matrix.clone()) }
    };
    let (a, b) = (turned(0, "transA")?, turned(1, "transB")?);
    let ([m, k], [l, n]) = (&a.dims[..], &b.dims[..]) else {
        return Err(args.shape("its operands are not matrices"));
    };
    let (size, dims) = ([*m, *k, *n], vec![*m, *n]);
    let count = limit::elements(&dims)?;
    limit::products(count.checked_mul(*k))?;
    args.same_type(&a, &b)?;
    let c = args.input(2);
    if let Some(c) = c {
        args.same_type(&a, c)?;
    }
    let common = match c {
        Some(c) => Broadcast::of(args, &[&dims, &c.dims])?,
        None => Broadcast { dims: dims.clone() },
    };
    if k != l || common.dims != dims {
        return Err(args.shape(format!("{:?} by {:?}", a.dims, b.dims)));
    }
    let (alpha, beta) = (args.attributes.float("alpha", 1.0)?, args.attributes.float("beta", 1.0)?);
    match (Values::of(&a)?, Values::of(&b)?) {
        (Values::Reals(x), Values::Reals(y)) => {
            let bias = c.map(|c| args.reals(c)).transpose()?;
            let bias: Vec<f32> = match c.zip(bias) {
                Some((c, bias)) => common.spread(&c.dims, &bias).collect(),
                None => vec![0.0; count],
            };
            let (alpha, beta) = (f64::from(alpha), f64::from(beta));
            let sums = reals(Some(&x), Some(&y), size).into_iter().zip(bias);
            Ok(values::reals(dims, a.ty, sums.map(|(v, c)| (alpha * v + beta * f64::from(c)) as f32)))
        }
        (Values::Integers(x), Values::Integers(y)) => {
            if alpha.fract() != 0.0 || beta.fract() != 0.0 {
                return Err(args.form("a factor of integers is not whole"));
            }
            let bias = c.map(|c| args.integers(c)).transpose()?;
            let bias: Vec<i64> = match c.zip(bias) {
                Some((c, bias)) => common.spread(&c.dims, &bias).collect(),
                None => vec![0; count],
            };
            let (alpha, beta) = (alpha as i64, beta as i64);
            let sums = integers(Some(&x), Some(&y), size).into_iter().zip(bias);
            let sums = sums.map(|(v, c)| v.wrapping_mul(alpha).wrapping_add(c.wrapping_mul(beta)));
            values::integers(dims, a.ty, sums)
        }
        _ => Err(args.no_type(a.ty)),
    }
}

fn reals(a: Option<&[f32]>, b: Option<&[f32]>, size: [usize; 3]) -> Vec<f64> {
    product(a, b, size, 0.0, |sum, x, y| sum + f64::from(x) * f64::from(y))
}

fn integers(a: Option<&[i64]>, b: Option<&[i64]>, size: [usize; 3]) -> Vec<i64> {
    product(a, b, size, 0, |sum, x, y| sum.wrapping_add(x.wrapping_mul(y)))
}

/// The product of the matrices of `[m, k]` and `[k, n]` elements that `a` and `b` begin with.
fn product<T: Copy, S: Copy>(
    a: Option<&[T]>,
    b: Option<&[T]>,
    [m, k, n]: [usize; 3],
    zero: S,
    add: impl Fn(S, T, T) -> S,
) -> Vec<S> {
    let mut out = vec![zero; m * n];
    let rows = out.chunks_mut(n.max(1)).zip(a.unwrap_or_default().chunks(k.max(1)));
    for (sums, row) in rows {
        for (x, other) in row.iter().zip(b.unwrap_or_default().chunks(n.max(1)).take(k)) {
            for (sum, y) in sums.iter_mut().zip(other) {
                *sum = add(*sum, *x, *y);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::onnx::constant::Constant;
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;

    #[test]
    fn vectors_and_stacks() {
        let (v, m) = (real(&[2], &[1.0, 2.0]), real(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
        let run = |a: &Constant, b: &Constant| {
            node("MatMul").run(13, &[a, b]).map(|c| (c.dims.clone(), c.reals().unwrap()))
        };
        assert_eq!(run(&v, &v).unwrap(), (vec![], vec![5.0]));
        assert_eq!(run(&m, &v).unwrap(), (vec![2], vec![5.0, 11.0]));
        assert_eq!(run(&v, &m).unwrap(), (vec![2], vec![7.0, 10.0]));
        let stack = real(&[2, 1, 2], &[1.0, 0.0, 0.0, 1.0]);
        assert_eq!(run(&stack, &m).unwrap(), (vec![2, 1, 2], vec![1.0, 2.0, 3.0, 4.0]));
        assert!(run(&m, &real(&[3], &[0.0; 3])).is_err());
        assert!(run(&m, &real(&[], &[0.0])).is_err());
        let (tall, flat) = (real(&[2, 0], &[]), real(&[0, 3], &[]));
        assert_eq!(run(&tall, &flat).unwrap(), (vec![2, 3], vec![0.0; 6]));
        assert_eq!(run(&flat, &real(&[3, 2], &[0.0; 6])).unwrap(), (vec![0, 2], vec![]));
    }

    #[test]
    fn work_is_limited() {
        let (a, b) = (real(&[1 << 13, 1], &[0.0; 1 << 13]), real(&[1, 1 << 13], &[0.0; 1 << 13]));
        assert_eq!(node("MatMul").run(13, &[&a, &b]).unwrap_err().code, Code::BudgetExceeded);
        assert_eq!(node("Gemm").run(13, &[&a, &b]).unwrap_err().code, Code::BudgetExceeded);
        let (a, b) = (real(&[1 << 10, 1 << 11], &[0.0; 1 << 21]), real(&[1 << 11, 1 << 10], &[0.0; 1 << 21]));
        assert_eq!(node("MatMul").run(13, &[&a, &b]).unwrap_err().code, Code::BudgetExceeded);
    }

    #[test]
    fn factors_and_bias() {
        let (a, b) = (real(&[2, 1], &[1.0, 2.0]), real(&[1, 2], &[3.0, 4.0]));
        let scaled = node("Gemm").float("alpha", 2.0).float("beta", 0.5);
        let y = scaled.run(13, &[&a, &b, &real(&[2], &[10.0, 20.0])]).unwrap();
        assert_eq!(y.reals().unwrap(), [11.0, 18.0, 17.0, 26.0]);
        let turned = node("Gemm").int("transA", 1).int("transB", 1).run(13, &[&a, &b]).unwrap();
        assert_eq!((turned.dims.as_slice(), turned.reals().unwrap()), (&[1, 1][..], vec![11.0]));
        let i = whole(DataType::Int32, &[1, 1], &[i64::from(i32::MAX)]);
        assert_eq!(node("Gemm").run(13, &[&i, &i]).unwrap().integers().unwrap(), [1]);
        assert!(node("Gemm").float("alpha", 0.5).run(13, &[&i, &i]).is_err());
        assert!(node("Gemm").run(13, &[&list(&[1]), &list(&[1])]).is_err());
    }
}
