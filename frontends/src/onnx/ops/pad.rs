//! `Pad` with zeros over rows and columns, which the window after it takes into its own padding.

use crate::onnx::call::Call;
use crate::onnx::constant::Constant;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Value;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let mode = call.attributes.string("mode")?.unwrap_or("constant");
    if mode != "constant" {
        return Err(call.form(format!("mode '{mode}' is not supported, only constant zeros")));
    }
    let value = match call.input(2) {
        Some(value) => match im.constant(value)?.reals() {
            Ok(values) => Constant::single(&values, "the value of Pad")?,
            Err(_) => Constant::single(&im.constant(value)?.integers()?, "the value of Pad")? as f32,
        },
        None => call.attributes.float("value", 0.0)?,
    };
    if value != 0.0 {
        return Err(call.form(format!("padding with {value} is not supported, only with zeros")));
    }
    let pads = match call.input(1) {
        Some(pads) => im.constant(pads)?.integers()?,
        None => call.attributes.ints("pads")?.ok_or_else(|| call.form("it has no pads"))?.to_vec(),
    };
    let x = call.required(0)?;
    let (layer, before, mut origin) = super::window::source(im, x)?;
    let rank = layer.dims.len();
    let axes = match call.input(3) {
        None => (0..rank).collect(),
        Some(axes) => {
            let axes = im.constant(axes)?.integers()?;
            axes.iter().map(|a| crate::onnx::dims::axis(*a, rank)).collect::<Result<Vec<_>, _>>()?
        }
    };
    let wrong = || call.form(format!("pads {pads:?} are not sizes that rows and columns grow by"));
    if pads.len() != 2 * axes.len() {
        return Err(wrong());
    }
    let mut pad = before;
    for (k, axis) in axes.iter().enumerate() {
        let at = |k: usize| pads.get(k).and_then(|p| usize::try_from(*p).ok()).ok_or_else(wrong);
        let (start, end) = (at(k)?, at(k + axes.len())?);
        match axis.checked_sub(layer.lead + 1) {
            _ if start == 0 && end == 0 => {}
            Some(spatial @ (0 | 1)) => {
                if let Some(first) = pad.get_mut(spatial) {
                    *first = first.saturating_add(start);
                }
                if let Some(last) = pad.get_mut(spatial + 2) {
                    *last = last.saturating_add(end);
                }
            }
            _ => return Err(wrong()),
        }
    }
    if pad == [0; 4] {
        im.alias(call, layer);
        return Ok(());
    }
    origin.push(call.name.clone());
    im.define(call.output(0), Value::Padded(layer, pad, origin));
    Ok(())
}
