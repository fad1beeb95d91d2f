//! `Conv` over rows and columns, or over a line.

use super::window;
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::weights;
use snnc_ir::graph::op::{Conv2d, Op};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let ty = window::source(im, call.required(0)?)?.0.ty;
    convolution(im, call, call.input(2), ty)
}

/// A convolution with a bias, or without, that gives out values of a type.
pub(super) fn convolution<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    bias: Option<&'m str>,
    ty: DataType,
) -> Result<(), Refusal> {
    let (x, around, origin) = window::source(im, call.required(0)?)?;
    let name = call.required(1)?;
    let constant = im.constant(name)?;
    let [out, per_group, kh, kw] = match (constant.dims.as_slice(), x.features().len()) {
        ([out, per_group, kh, kw], 3) => [*out, *per_group, *kh, *kw],
        ([out, per_group, length], 2) => [*out, *per_group, *length, 1],
        (shape, _) => {
            let message = format!("weights of shape {shape:?} over features {:?}", x.features());
            return Err(call.form(format!("{message}; only one or two spatial axes are supported")));
        }
    };
    let geometry = window::read(call, x.features(), around, Some([kh, kw]))?;
    let groups = usize::try_from(call.attributes.int("group", 1)?)
        .map_err(|_| call.form("the number of groups is negative"))?;
    let kernel = [out, per_group, kh, kw];
    let weights = weights::push(im, &constant, kernel, Some((name, true)))?;
    let bias = match bias {
        Some(bias) => weights::bias(im, bias, &[out])?,
        None => None,
    };
    let op = Op::Conv2d(Conv2d {
        weights,
        kernel,
        bias,
        stride: geometry.stride,
        pad: geometry.pad,
        dilation: geometry.dilation,
        groups,
    });
    let layer = im.emit(call, op, &[&x], Features::Map, ty)?;
    origin.iter().for_each(|name| im.absorb(&layer, name));
    Ok(())
}
