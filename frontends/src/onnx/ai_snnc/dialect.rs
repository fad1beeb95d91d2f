//! The dialect from before docs/ai.snnc.md: `LIF` with its semantics as attributes, and
//! `LIF[Seq]_<reset>_<timing>_step_<gt|ge|count>[_syn][_vmin]` with nine inputs
//! `x, v, i, alpha, gain, alpha_i, threshold, v_reset, v_min`, of which a form uses some.

use super::spiking::leak;
use super::{finish, real, source};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::{Refusal, refuse_with};
use crate::onnx::states::{self, Slot};
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Compare, Current, DecayOrder, Emission, Model, Reset, Spiking, Timing};

/// A neuron of the older dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Older {
    pub sequence: bool,
    /// Absent for the bare `LIF`, whose attributes say it.
    form: Option<Form>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    reset: &'static str,
    timing: &'static str,
    compare: &'static str,
    current: bool,
    v_min: bool,
}

const RESETS: [&str; 3] = ["subtract", "zero", "none"];
const TIMINGS: [&str; 2] = ["next_step", "same_step"];
const COMPARES: [&str; 3] = ["gt", "ge", "count"];

impl Older {
    /// Number of states.
    pub(super) fn states(&self) -> usize {
        if self.form.is_some() { 2 } else { 1 }
    }
}

/// Reads a name of the older dialect.
pub(super) fn parse(name: &str) -> Option<Older> {
    if name == "LIF" {
        return Some(Older { sequence: false, form: None });
    }
    let (sequence, rest) = match name.strip_prefix("LIFSeq_") {
        Some(rest) => (true, rest),
        None => (false, name.strip_prefix("LIF_")?),
    };
    let (reset, rest) = token(rest, &RESETS)?;
    let (timing, rest) = token(rest, &TIMINGS)?;
    let (compare, rest) = token(rest, &COMPARES)?;
    let (current, v_min) = match rest {
        "" => (false, false),
        "syn" => (true, false),
        "vmin" => (false, true),
        "syn_vmin" => (true, true),
        _ => return None,
    };
    Some(Older { sequence, form: Some(Form { reset, timing, compare, current, v_min }) })
}

fn token<'a>(text: &'a str, all: &[&'static str]) -> Option<(&'static str, &'a str)> {
    all.iter().find_map(|t| {
        let rest = text.strip_prefix(t)?;
        if rest.is_empty() { Some((*t, rest)) } else { Some((*t, rest.strip_prefix('_')?)) }
    })
}

fn known(value: &str, all: &[&'static str]) -> Option<&'static str> {
    all.iter().find(|t| **t == value).copied()
}

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>, older: &Older) -> Result<(), Refusal> {
    match &older.form {
        None => bare(im, call),
        Some(form) => nine(im, call, older.sequence, form),
    }
}

/// `LIF(x, v, beta, threshold)` with attributes.
fn bare<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    super::arity(call, 4)?;
    let unclear = |what: &str| {
        refuse_with(
            Code::UnknownNeuron,
            format!("'LIF' does not say its {what}"),
            "the nearest legal name is LIF_subtract_next_gt_binary",
        )
    };
    let said = |name: &str, all: &[&'static str]| {
        call.attributes.string(name)?.and_then(|v| known(v, all)).ok_or_else(|| unclear(name))
    };
    let (reset, timing) = (said("reset", &RESETS)?, said("reset_timing", &TIMINGS)?);
    let compare = said("compare", &["gt", "ge"])?;
    if call.attributes.string("decay")?.is_some_and(|d| d != "multiply") {
        return Err(unclear("decay"));
    }
    let x = source(im, call, false)?;
    let features = x.features();
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, Importer::real_param)?;
    let decay = leak(im.real_param(call.required(2)?, features)?);
    let mut out = Spiking::new(im.real_param(call.required(3)?, features)?, decay);
    out.initial = initial;
    out.compare = comparison(compare);
    out.reset = self::reset(reset, timing, None);
    finish(im, call, &x, real(Model::Spiking(out)))
}

/// The form with nine inputs.
fn nine<'m>(im: &mut Importer<'m>, call: &Call<'m>, sequence: bool, form: &Form) -> Result<(), Refusal> {
    super::arity(call, 9)?;
    check_attributes(call, form)?;
    if form.current && form.reset == "zero" && form.timing == "next_step" {
        // The bodies that are known reset before the input is added, the operator of today after it.
        return Err(refuse_with(
            Code::UnknownNeuron,
            format!("'{}' is of a dialect that does not say what its reset takes", call.node.op_type),
            "the nearest legal name is CUBA_zero_next_gt_binary_gain",
        ));
    }
    let x = source(im, call, sequence)?;
    let features = x.features();
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, Importer::real_param)?;
    let second = Slot { input: 2, output: 2 };
    let current = match form.current {
        true => states::absorb(im, call, second, features, Importer::real_param)?,
        false => {
            states::pass(im, call, second)?;
            None
        }
    };
    let decay = leak(im.real_param(call.required(3)?, features)?);
    let mut out = Spiking::new(im.real_param(call.required(6)?, features)?, decay);
    out.initial = initial;
    out.gain = Some(im.real_param(call.required(4)?, features)?).filter(|g| g.uniform() != Some(1.0));
    if form.current {
        let decay = im.real_param(call.required(5)?, features)?;
        out.current = Some(Current { decay, order: DecayOrder::BeforeInput, gain: None, initial: current });
    }
    let value = im.real_param(call.required(7)?, features)?;
    out.reset = reset(form.reset, form.timing, Some(value).filter(|v| v.uniform() != Some(0.0)));
    out.compare = comparison(form.compare);
    if form.compare == "count" {
        out.emission = Emission::Count { max: None };
    }
    if form.v_min {
        out.v_min = Some(im.real_param(call.required(8)?, features)?);
    }
    finish(im, call, &x, real(Model::Spiking(out)))
}

fn check_attributes(call: &Call<'_>, form: &Form) -> Result<(), Refusal> {
    let fields = [("reset", form.reset), ("timing", form.timing), ("compare", form.compare)];
    for (name, said) in fields {
        if let Some(found) = call.attributes.string(name)?.filter(|found| *found != said) {
            let message = format!("the attribute {name}='{found}' disagrees with the name, '{said}'");
            return Err(refuse_with(Code::NeuronMismatch, message, "correct the attribute or leave it out"));
        }
    }
    // Where time is; the importer finds it from the shapes.
    call.attributes.ignore("time_axes");
    Ok(())
}

fn comparison(compare: &str) -> Compare {
    if compare == "gt" { Compare::Greater } else { Compare::GreaterOrEqual }
}

/// A value of the reset is used by the bodies of the same step only.
fn reset(reset: &str, timing: &str, value: Option<Param<f32>>) -> Reset<f32> {
    let same = timing == "same_step";
    let timing = if same { Timing::Same } else { Timing::Next };
    match (reset, value) {
        ("subtract", _) => Reset::Subtract(timing),
        ("zero", Some(value)) if same => Reset::Value(timing, value),
        ("zero", _) => Reset::Zero(timing),
        _ => Reset::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_older_dialect() {
        assert!(parse("LIF").unwrap().form.is_none());
        let older = parse("LIFSeq_subtract_same_step_count_vmin").unwrap();
        assert!(older.sequence && older.form.unwrap().v_min);
        assert!(parse("LIF_subtract_next_step_gt_syn").unwrap().form.unwrap().current);
        assert!(parse("LIF_subtract_next_gt_binary").is_none());
        assert!(parse("LIF_subtract_next_step_gt_foo").is_none());
    }
}
