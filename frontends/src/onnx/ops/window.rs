//! Attributes that Conv and the pools share: kernel, strides, padding.

use crate::onnx::call::Call;
use crate::onnx::refusal::Refusal;

/// A window over rows and columns.
pub(super) struct Geometry {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Top, left, bottom, right.
    pub pad: [usize; 4],
    pub dilation: [usize; 2],
}

/// Reads the attributes of a window over an input of `size` rows and columns. `kernel` is that of the
/// weights, where there are any.
pub(super) fn read(
    call: &Call<'_>,
    size: [usize; 2],
    kernel: Option<[usize; 2]>,
) -> Result<Geometry, Refusal> {
    let declared = pair(call, "kernel_shape", None)?;
    let kernel = match (kernel, declared) {
        (Some(kernel), Some(declared)) if kernel != declared => {
            return Err(
                call.shape(format!("kernel_shape {declared:?} is not that of the weights, {kernel:?}"))
            );
        }
        (Some(kernel), _) | (None, Some(kernel)) => kernel,
        (None, None) => return Err(call.form("it has no kernel_shape")),
    };
    let stride = pair(call, "strides", Some([1, 1]))?.unwrap_or([1, 1]);
    let dilation = pair(call, "dilations", Some([1, 1]))?.unwrap_or([1, 1]);
    if kernel.contains(&0) || stride.contains(&0) || dilation.contains(&0) {
        return Err(call.shape("kernel, strides and dilations must be at least 1"));
    }
    let pads = call.attributes.ints("pads")?;
    let pad = match call.attributes.string("auto_pad")?.unwrap_or("NOTSET") {
        "NOTSET" => explicit(call, pads)?,
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

fn explicit(call: &Call<'_>, pads: Option<&[i64]>) -> Result<[usize; 4], Refusal> {
    let Some(pads) = pads else { return Ok([0; 4]) };
    let sizes: Option<Vec<usize>> = pads.iter().map(|p| usize::try_from(*p).ok()).collect();
    sizes.and_then(|p| <[usize; 4]>::try_from(p).ok()).ok_or_else(|| {
        call.form(format!("pads {pads:?} are not four sizes; only two spatial axes are supported"))
    })
}

fn pair(call: &Call<'_>, name: &str, default: Option<[usize; 2]>) -> Result<Option<[usize; 2]>, Refusal> {
    let Some(values) = call.attributes.ints(name)? else { return Ok(default) };
    let sizes: Option<Vec<usize>> = values.iter().map(|v| usize::try_from(*v).ok()).collect();
    match sizes.and_then(|p| <[usize; 2]>::try_from(p).ok()) {
        Some(pair) => Ok(Some(pair)),
        None => {
            Err(call
                .form(format!("{name} {values:?} are not two sizes; only two spatial axes are supported")))
        }
    }
}

/// Rows and columns of an input with channels, rows and columns.
pub(super) fn plane(call: &Call<'_>, features: &[usize]) -> Result<[usize; 2], Refusal> {
    match features {
        [_, h, w] => Ok([*h, *w]),
        _ => Err(call.shape(format!(
            "an input with features {features:?} is not [C, H, W]; only two spatial axes are supported"
        ))),
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
