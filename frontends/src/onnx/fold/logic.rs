//! Truth values: `And`, `Or`, `Xor`, `Not`, and `Where`, which chooses by them.

use super::args::Args;
use super::values;
use super::walk::Broadcast;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

fn two(args: &Args<'_>, function: fn(bool, bool) -> bool) -> Folded {
    let (a, b) = (args.required(0)?, args.required(1)?);
    let common = Broadcast::of(args, &[&a.dims, &b.dims])?;
    let (x, y) = (args.bools(a)?, args.bools(b)?);
    let pairs = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
    Ok(values::bools(common.dims.clone(), pairs.map(|(x, y)| function(x, y))))
}

/// `And`.
pub(super) fn and(args: &Args<'_>) -> Folded {
    two(args, |x, y| x && y)
}

/// `Or`.
pub(super) fn or(args: &Args<'_>) -> Folded {
    two(args, |x, y| x || y)
}

/// `Xor`.
pub(super) fn xor(args: &Args<'_>) -> Folded {
    two(args, |x, y| x != y)
}

/// `Not`.
pub(super) fn not(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    Ok(values::bools(x.dims.clone(), args.bools(x)?.into_iter().map(|v| !v)))
}

/// `Where`.
pub(super) fn select(args: &Args<'_>) -> Folded {
    let (condition, x, y) = (args.required(0)?, args.required(1)?, args.required(2)?);
    args.same_type(x, y)?;
    let common = Broadcast::of(args, &[&condition.dims, &x.dims, &y.dims])?;
    let (choice, behind) = (args.bools(condition)?, x.len());
    let pairs = common.walk(&x.dims).zip(common.walk(&y.dims));
    let choices = common.spread(&condition.dims, &choice).zip(pairs);
    let positions = choices.map(|(first, (x, y))| if first { x } else { behind + y });
    values::arranged(common.dims.clone(), &[x, y], positions)
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;

    #[test]
    fn where_broadcasts_all_three() {
        let condition = whole(DataType::Bool, &[2, 1], &[1, 0]);
        let y = node("Where").run(16, &[&condition, &real(&[2], &[1.0, 2.0]), &real(&[], &[9.0])]).unwrap();
        assert_eq!(y.dims, [2, 2]);
        assert_eq!(y.reals().unwrap(), [1.0, 2.0, 9.0, 9.0]);
        assert!(node("Where").run(16, &[&list(&[1]), &list(&[1]), &list(&[1])]).is_err());
    }

    #[test]
    fn truth_tables() {
        let a = whole(DataType::Bool, &[4], &[0, 0, 1, 1]);
        let b = whole(DataType::Bool, &[4], &[0, 1, 0, 1]);
        let run = |op: &str| node(op).run(7, &[&a, &b]).unwrap().integers().unwrap();
        assert_eq!(
            (run("And"), run("Or"), run("Xor")),
            (vec![0, 0, 0, 1], vec![0, 1, 1, 1], vec![0, 1, 1, 0])
        );
        assert_eq!(node("Not").run(7, &[&a]).unwrap().integers().unwrap(), [1, 1, 0, 0]);
    }
}
