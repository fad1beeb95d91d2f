//! Stated activity: `RATE[,LAYER=RATE…]`.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::activity::{Activity, Profile, Rate};
use snnc_machine::network::Network;

/// Rates as the user stated them, in millionths of an event per source neuron and step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// For every layer, the inputs included; none when only single layers were given.
    pub all: Option<u32>,
    /// For single layers, in the order given.
    pub layers: Vec<(String, u32)>,
}

impl Stated {
    /// Reads `RATE[,LAYER=RATE…]`; a rate is a decimal from 0 to 1 with at most six places.
    ///
    /// # Errors
    /// [`Code::BadActivity`] with the part that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let mut out = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.rsplit_once('=') {
                Some((layer, rate)) => out.layers.push((layer.trim().to_owned(), ppm(rate.trim())?)),
                None if out.all.is_none() && out.layers.is_empty() => out.all = Some(ppm(part)?),
                None => return Err(bad(format!("'{part}' is a second rate for all layers"))),
            }
        }
        Ok(out)
    }

    /// One rate per layer; layers without a stated rate run from silent to all-firing.
    ///
    /// # Errors
    /// [`Code::BadActivity`] when a layer does not exist.
    pub fn profile(&self, network: &Network) -> Result<Profile, Diagnostic> {
        let mut layers = vec![self.all.map_or(Activity::UNKNOWN, Activity::stated); network.layers.len()];
        for (name, rate) in &self.layers {
            let Some(at) = network.layers.iter().position(|l| l.name == *name) else {
                let names: Vec<&str> = network.layers.iter().map(|l| l.name.as_str()).collect();
                return Err(bad(format!("there is no layer '{name}'"))
                    .remedy(format!("the layers are {}", names.join(", "))));
            };
            layers[at] = Activity::stated(*rate);
        }
        Ok(Profile { layers })
    }
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::new(Code::BadActivity, message)
        .remedy("write --activity 0.1 for all layers, --activity 0.1,conv1=0.02 to override one")
}

/// A decimal from 0 to 1 in millionths, without rounding.
fn ppm(text: &str) -> Result<u32, Diagnostic> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    let parsed = (digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && fraction.len() <= 6)
        .then(|| format!("{whole}{fraction:0<6}").parse::<u64>().ok())
        .flatten();
    match parsed {
        Some(v) if v <= u64::from(Rate::ONE) => Ok(v as u32),
        _ => Err(bad(format!("'{text}' is not a rate")).rule(
            "events per neuron and step",
            "a decimal from 0 to 1, at most 6 places",
            text,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly() {
        for (text, value) in [
            ("0", 0),
            ("1", 1_000_000),
            ("0.1", 100_000),
            (".25", 250_000),
            ("0.000001", 1),
            ("1.000", 1_000_000),
        ] {
            assert_eq!(ppm(text).unwrap(), value, "{text}");
        }
        for text in ["", ".", "1.1", "-0.1", "0.0000001", "1e-3", "a"] {
            assert!(ppm(text).is_err(), "{text}");
        }
        let stated = Stated::parse("0.1, conv1=0.02").unwrap();
        assert_eq!(stated, Stated { all: Some(100_000), layers: vec![("conv1".into(), 20_000)] });
        assert!(Stated::parse("0.1,0.2").is_err());
    }
}
