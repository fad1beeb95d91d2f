//! `Sum` of layers.

use super::add;
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let names = (0..call.node.input.len()).map(|k| call.required(k)).collect::<Result<Vec<_>, _>>()?;
    let layers = names.iter().map(|name| im.layer(name)).collect::<Result<Vec<_>, _>>()?;
    match layers.as_slice() {
        [one] => {
            im.alias(call, one.clone());
            Ok(())
        }
        all => add::layers(im, call, &all.iter().collect::<Vec<_>>()),
    }
}
