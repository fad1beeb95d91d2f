//! `Concat`.

use super::args::Args;
use super::limit;
use super::values;
use crate::onnx::constant::Constant;
use crate::onnx::dims::{self, product};
use crate::onnx::refusal::Refusal;

/// `Concat` along an axis.
pub(super) fn concat(args: &Args<'_>) -> Result<Constant, Refusal> {
    let inputs = args.all()?;
    let first = args.required(0)?;
    if !args.attributes.has("axis") {
        return Err(args.malformed("'axis' is missing"));
    }
    let axis = dims::axis(args.attributes.int("axis", 0)?, first.dims.len())?;
    let mut shape = first.dims.clone();
    let mut total = 0usize;
    for input in &inputs {
        args.same_type(first, input)?;
        let same = |(k, (a, b)): (usize, (&usize, &usize))| k == axis || a == b;
        if input.dims.len() != shape.len() || !input.dims.iter().zip(&shape).enumerate().all(same) {
            return Err(args.shape(format!("{:?} beside {:?}", input.dims, first.dims)));
        }
        total = total.saturating_add(input.dims.get(axis).copied().unwrap_or(0));
    }
    shape.iter_mut().skip(axis).take(1).for_each(|dim| *dim = total);
    let count = limit::elements(&shape)?;
    let outer = if count == 0 { 0 } else { product(shape.get(..axis).unwrap_or_default()) };
    let mut blocks = Vec::new();
    let mut start = 0;
    for input in inputs.iter().filter(|input| input.len() > 0) {
        blocks.push((start, input.len() / outer.max(1)));
        start += input.len();
    }
    let blocks = &blocks;
    let positions = (0..outer)
        .flat_map(|row| blocks.iter().map(move |(start, len)| start + row * len..start + (row + 1) * len))
        .flatten();
    values::arranged(shape, &inputs, positions)
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};

    #[test]
    fn along_any_axis() {
        let (a, b) = (real(&[2, 1], &[1.0, 2.0]), real(&[2, 2], &[3.0, 4.0, 5.0, 6.0]));
        let y = node("Concat").int("axis", -1).run(11, &[&a, &b, &real(&[2, 0], &[])]).unwrap();
        assert_eq!(
            (y.dims.as_slice(), y.reals().unwrap()),
            (&[2, 3][..], vec![1.0, 3.0, 4.0, 2.0, 5.0, 6.0])
        );
        assert!(node("Concat").int("axis", 0).run(11, &[&a, &b]).is_err());
        assert!(node("Concat").int("axis", 0).run(11, &[&a, &list(&[1])]).is_err());
        assert!(node("Concat").run(11, &[&a, &b]).is_err());
        assert_eq!(node("Concat").int("axis", 0).run(11, &[&list(&[])]).unwrap().dims, [0]);
    }
}
