//! Attributes that Conv and the pools share: kernel, strides, padding.

use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Layer, Value};

/// A window over rows and columns.
pub(super) struct Geometry {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Top, left, bottom, right.
    pub pad: [usize; 4],
    pub dilation: [usize; 2],
}

/// The layer that a window slides over, with the zeros that a Pad puts around it and the nodes on the way.
pub(super) fn source<'m>(
    im: &Importer<'m>,
    name: &'m str,
) -> Result<(Layer, [usize; 4], Vec<String>), Refusal> {
    match im.get(name) {
        Some(Value::Padded(layer, pad, origin)) => Ok((layer.clone(), *pad, origin.clone())),
        _ => Ok((im.layer(name)?, [0; 4], Vec::new())),
    }
}

/// Reads the attributes of a window over an input of those features with zeros around it. `kernel` is that
/// of the weights, where there are any.
pub(super) fn read(
    call: &Call<'_>,
    features: &[usize],
    around: [usize; 4],
    kernel: Option<[usize; 2]>,
) -> Result<Geometry, Refusal> {
    let [rows, columns] = plane(call, features)?;
    let [top, left, bottom, right] = around;
    let size =
        [rows.saturating_add(top).saturating_add(bottom), columns.saturating_add(left).saturating_add(right)];
    let axes = features.len().saturating_sub(1);
    let declared = pair(call, "kernel_shape", axes)?;
    let kernel = match (kernel, declared) {
        (Some(kernel), Some(declared)) if kernel != declared => {
            return Err(
                call.shape(format!("kernel_shape {declared:?} is not that of the weights, {kernel:?}"))
            );
        }
        (Some(kernel), _) | (None, Some(kernel)) => kernel,
        (None, None) => return Err(call.form("it has no kernel_shape")),
    };
    let stride = pair(call, "strides", axes)?.unwrap_or([1, 1]);
    let dilation = pair(call, "dilations", axes)?.unwrap_or([1, 1]);
    if kernel.contains(&0) || stride.contains(&0) || dilation.contains(&0) {
        return Err(call.shape("kernel, strides and dilations must be at least 1"));
    }
    let pads = call.attributes.ints("pads")?;
    let mut pad = match call.attributes.string("auto_pad")?.unwrap_or("NOTSET") {
        "NOTSET" => explicit(call, pads, axes)?,
        "VALID" => [0; 4],
        auto @ ("SAME_UPPER" | "SAME_LOWER") => {
            let [rows, columns] = [0, 1].map(|k| {
                let pick = |v: [usize; 2]| v.get(k).copied().unwrap_or(1);
                same(pick(size), pick(kernel), pick(stride), pick(dilation), auto == "SAME_LOWER")
            });
            [rows.0, columns.0, rows.1, columns.1]
        }
        other => return Err(call.form(format!("auto_pad '{other}' is not known"))),
    };
    for (own, more) in pad.iter_mut().zip(around) {
        *own = own.saturating_add(more);
    }
    Ok(Geometry { kernel, stride, pad, dilation })
}

/// Padding before and after, such that an axis of `size` has `ceil(size / stride)` positions.
fn same(size: usize, kernel: usize, stride: usize, dilation: usize, lower: bool) -> (usize, usize) {
    let positions = size.div_ceil(stride).max(1);
    let reach = (kernel - 1).saturating_mul(dilation).saturating_add(1);
    let total = (positions - 1).saturating_mul(stride).saturating_add(reach).saturating_sub(size);
    let (small, large) = (total / 2, total - total / 2);
    if lower { (large, small) } else { (small, large) }
}

/// One axis of a line, or two of a plane.
const AXES: &str = "only one or two spatial axes are supported";

fn explicit(call: &Call<'_>, pads: Option<&[i64]>, axes: usize) -> Result<[usize; 4], Refusal> {
    let Some(pads) = pads else { return Ok([0; 4]) };
    let sizes = pads.iter().map(|p| usize::try_from(*p).ok()).collect::<Option<Vec<usize>>>();
    match (axes, sizes.as_deref()) {
        (2, Some([top, left, bottom, right])) => Ok([*top, *left, *bottom, *right]),
        (1, Some([before, after])) => Ok([*before, 0, *after, 0]),
        _ => Err(call.form(format!("pads {pads:?} are not two sizes for each axis; {AXES}"))),
    }
}

fn pair(call: &Call<'_>, name: &str, axes: usize) -> Result<Option<[usize; 2]>, Refusal> {
    let Some(values) = call.attributes.ints(name)? else { return Ok(None) };
    let sizes = values.iter().map(|v| usize::try_from(*v).ok()).collect::<Option<Vec<usize>>>();
    match (axes, sizes.as_deref()) {
        (2, Some([rows, columns])) => Ok(Some([*rows, *columns])),
        (1, Some([length])) => Ok(Some([*length, 1])),
        _ => Err(call.form(format!("{name} {values:?} is not one size for each axis; {AXES}"))),
    }
}

/// Rows and columns of an input with channels, rows and columns, or with channels and a length.
pub(super) fn plane(call: &Call<'_>, features: &[usize]) -> Result<[usize; 2], Refusal> {
    match features {
        [_, h, w] => Ok([*h, *w]),
        [_, l] => Ok([*l, 1]),
        _ => Err(call
            .shape(format!("an input with features {features:?} is neither [C, H, W] nor [C, L]; {AXES}"))),
    }
}

/// Whether rounding the number of positions up (`ceil_mode`) gives another number than rounding down.
pub(super) fn ceil_differs(size: [usize; 2], g: &Geometry) -> bool {
    let [top, left, bottom, right] = g.pad;
    let axes = [
        (size[0].saturating_add(top).saturating_add(bottom), g.kernel[0], g.stride[0]),
        (size[1].saturating_add(left).saturating_add(right), g.kernel[1], g.stride[1]),
    ];
    axes.into_iter().any(|(padded, kernel, stride)| padded.saturating_sub(kernel) % stride != 0)
}
