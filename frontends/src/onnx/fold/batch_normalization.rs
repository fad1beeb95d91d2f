//! `BatchNormalization` as at inference.

use super::args::Args;
use super::values;
use super::walk::Walk;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

/// `BatchNormalization` with the mean and the variance that are given.
pub(super) fn batch_normalization(args: &Args<'_>) -> Result<Constant, Refusal> {
    args.attributes.ignore("momentum");
    if args.attributes.int("training_mode", 0)? != 0 {
        return Err(args.form("it trains"));
    }
    if args.version < 9 && args.attributes.int("spatial", 1)? == 0 {
        return Err(args.form("a mean for each element is not folded"));
    }
    let x = args.required(0)?;
    let channels = if x.dims.is_empty() { None } else { Some(x.dims.get(1).copied().unwrap_or(1)) };
    let each = |k| {
        let values = args.required(k)?;
        match channels {
            Some(channels) if values.dims == [channels] => args.reals(values),
            _ => Err(args.shape(format!("{:?} for channels of {:?}", values.dims, x.dims))),
        }
    };
    let (scale, bias, mean, variance) = (each(1)?, each(2)?, each(3)?, each(4)?);
    let epsilon = f64::from(args.attributes.float("epsilon", 1e-5)?);
    let spread = variance.into_iter().map(|v| (f64::from(v) + epsilon).sqrt());
    let channels: Vec<(f64, f64, f64, f64)> = (scale.into_iter().zip(bias))
        .zip(mean.into_iter().zip(spread))
        .map(|((scale, bias), (mean, spread))| (f64::from(scale), f64::from(bias), f64::from(mean), spread))
        .collect();
    let walk = Walk::new(&x.dims, (0..x.dims.len()).map(|axis| isize::from(axis == 1)), 0);
    let elements = args.reals(x)?.into_iter().zip(walk).filter_map(|(v, channel)| {
        let (scale, bias, mean, spread) = channels.get(channel)?;
        Some(((f64::from(v) - mean) / spread * scale + bias) as f32)
    });
    Ok(values::reals(x.dims.clone(), x.ty, elements))
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{node, real};

    #[test]
    fn each_channel_has_its_own() {
        let x = real(&[1, 2, 2], &[1.0, 3.0, 5.0, 7.0]);
        let [scale, bias] = [real(&[2], &[2.0, 1.0]), real(&[2], &[0.0, 10.0])];
        let [mean, variance] = [real(&[2], &[1.0, 5.0]), real(&[2], &[4.0, 1.0])];
        let norm = || node("BatchNormalization").float("epsilon", 0.0);
        let inputs = [&x, &scale, &bias, &mean, &variance];
        assert_eq!(norm().run(15, &inputs).unwrap().reals().unwrap(), [0.0, 2.0, 10.0, 12.0]);
        assert!(norm().int("training_mode", 1).run(15, &inputs).is_err());
        assert!(norm().int("spatial", 0).run(7, &inputs).is_err());
        assert!(norm().int("spatial", 1).run(7, &inputs).is_ok());
        assert!(norm().outputs(3).run(9, &inputs).is_err());
        assert!(norm().run(9, &[&x, &real(&[3], &[0.0; 3]), &bias, &mean, &variance]).is_err());
    }
}
