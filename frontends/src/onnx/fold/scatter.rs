//! Elements replaced by index: `ScatterND` and `ScatterElements`.

use super::args::Args;
use super::gather;
use super::values;
use super::walk::steps;
use crate::onnx::constant::Constant;
use crate::onnx::dims::product;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// Refuses a `reduction`.
fn plain(args: &Args<'_>) -> Result<(), Refusal> {
    match args.attributes.string("reduction")? {
        None | Some("none") => Ok(()),
        Some(other) => Err(args.form(format!("the reduction '{other}' is not folded"))),
    }
}

/// `data` with the updates at their positions, the last of several.
fn replaced(data: &Constant, updates: &Constant, at: impl Iterator<Item = usize>) -> Folded {
    let mut positions: Vec<usize> = (0..data.len()).collect();
    for (k, at) in at.enumerate() {
        if let Some(position) = positions.get_mut(at) {
            *position = data.len() + k;
        }
    }
    values::arranged(data.dims.clone(), &[data, updates], positions.into_iter())
}

/// `ScatterElements`.
pub(super) fn scatter_elements(args: &Args<'_>) -> Folded {
    plain(args)?;
    let (data, chosen, updates) = (args.required(0)?, args.required(1)?, args.required(2)?);
    args.same_type(data, updates)?;
    if chosen.dims != updates.dims {
        return Err(args.shape(format!("indices {:?} for updates {:?}", chosen.dims, updates.dims)));
    }
    replaced(data, updates, gather::elements(args, data, chosen)?.into_iter())
}

/// `ScatterND`: the last dimension of the indices names axes from the first on; what lies behind them
/// is replaced as a whole.
pub(super) fn scatter_nd(args: &Args<'_>) -> Folded {
    plain(args)?;
    let (data, chosen, updates) = (args.required(0)?, args.required(1)?, args.required(2)?);
    args.same_type(data, updates)?;
    let wrong = || args.shape(format!("indices {:?} for data {:?}", chosen.dims, data.dims));
    let (named, batch) = chosen.dims.split_last().ok_or_else(wrong)?;
    let (axes, inner) = data.dims.split_at_checked(*named).ok_or_else(wrong)?;
    if updates.dims != [batch, inner].concat() {
        return Err(args.shape(format!("updates {:?} for indices {:?}", updates.dims, chosen.dims)));
    }
    if updates.len() == 0 {
        return Ok(data.clone());
    }
    let (steps, indices) = (steps(&data.dims), args.integers(chosen)?);
    let mut starts = Vec::with_capacity(product(batch));
    for k in 0..product(batch) {
        let tuple = indices.get(k * named..(k + 1) * named).ok_or_else(wrong)?;
        let mut start = 0;
        for ((index, size), step) in tuple.iter().zip(axes).zip(&steps) {
            let from_front = if *index < 0 { index.saturating_add(*size as i64) } else { *index };
            let index = usize::try_from(from_front).ok().filter(|v| v < size);
            let index = index.ok_or_else(|| args.shape("an index is outside the data"))?;
            start += index * *step as usize;
        }
        starts.push(start);
    }
    let inner = product(inner);
    replaced(data, updates, starts.into_iter().flat_map(|start| start..start + inner))
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType::Int64;

    #[test]
    fn whole_rows_are_replaced() {
        let x = real(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let at = whole(Int64, &[2, 1], &[2, -3]);
        let y = node("ScatterND").run(16, &[&x, &at, &real(&[2, 2], &[7.0, 8.0, 9.0, 10.0])]).unwrap();
        assert_eq!(y.reals().unwrap(), [9.0, 10.0, 3.0, 4.0, 7.0, 8.0]);
        let far = whole(Int64, &[1, 1], &[3]);
        assert!(node("ScatterND").run(16, &[&x, &far, &real(&[1, 2], &[0.0; 2])]).is_err());
        assert!(node("ScatterND").run(16, &[&x, &at, &real(&[2], &[0.0; 2])]).is_err());
        assert!(node("ScatterND").string("reduction", "add").run(16, &[&x, &at, &x]).is_err());
    }

    #[test]
    fn single_elements_are_replaced() {
        let x = list(&[1, 2, 3]);
        let y = node("ScatterElements").run(13, &[&x, &list(&[1, -1]), &list(&[20, 30])]).unwrap();
        assert_eq!(y.integers().unwrap(), [1, 20, 30]);
        assert!(node("ScatterElements").run(13, &[&x, &list(&[1, -1]), &list(&[20])]).is_err());
    }
}
