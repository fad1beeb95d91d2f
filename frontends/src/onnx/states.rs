//! States: which graph inputs and outputs belong together and disappear into a neuron.

use super::ai_snnc;
use super::call::Call;
use super::file::Model;
use super::importer::Importer;
use super::proto::GraphProto;
use super::refusal::{Refusal, refuse, refuse_with};
use super::value::Value;
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;
use std::collections::{BTreeMap, BTreeSet};

const REMEDY: &str = "give the state as a graph input and a graph output, paired in the metadata snnc.states";

/// The state inputs of a model.
#[derive(Debug, Default)]
pub(crate) struct States<'m> {
    /// From the metadata `snnc.states`: input to output.
    pairs: BTreeMap<String, String>,
    /// Graph inputs that are states.
    inputs: BTreeSet<&'m str>,
    /// Those that no neuron has as its own: values of the step before, with the output that gives them.
    fed_back: BTreeMap<&'m str, &'m str>,
}

impl<'m> States<'m> {
    pub(crate) fn new(model: &'m Model, source: &'m GraphProto) -> Result<Self, Refusal> {
        let entry = model.proto().metadata_props.iter().find(|p| p.key == "snnc.states");
        let listed: Vec<(String, String)> = match entry {
            None => Vec::new(),
            Some(entry) => serde_json::from_str(&entry.value).map_err(|e| {
                let message = format!("the metadata snnc.states is not a list of pairs of names: {e}");
                refuse_with(Code::StateNotPaired, message, REMEDY)
            })?,
        };
        let names: BTreeSet<&str> = source.input.iter().map(|i| i.name.as_str()).collect();
        let outputs: BTreeSet<&str> = source.output.iter().map(|o| o.name.as_str()).collect();
        let mut pairs = BTreeMap::new();
        for (input, output) in listed {
            if !names.contains(input.as_str()) || !outputs.contains(output.as_str()) {
                let message = format!("snnc.states pairs '{input}' and '{output}', not both in the graph");
                return Err(refuse_with(Code::StateNotPaired, message, REMEDY));
            }
            pairs.insert(input, output);
        }
        let mut inputs: BTreeSet<&str> = BTreeSet::new();
        for node in &source.node {
            let slots = ai_snnc::state_slots(node);
            inputs.extend(slots.iter().filter_map(|s| names.get(node.input.get(s.input)?.as_str())));
        }
        let own = inputs.clone();
        inputs.extend(names.iter().filter(|n| pairs.contains_key(**n)));
        let source_of = |input: &&'m str| Some((*input, *outputs.get(pairs.get(*input)?.as_str())?));
        let fed_back = inputs.difference(&own).filter_map(source_of).collect();
        Ok(Self { pairs, inputs, fed_back })
    }

    /// The graph output that a state input takes in the next step, if it is a state of no neuron.
    pub(crate) fn fed_back(&self, input: &str) -> Option<&'m str> {
        self.fed_back.get(input).copied()
    }

    /// Whether a graph output is there only to be fed back.
    pub(crate) fn is_fed_back(&self, output: &str) -> bool {
        self.fed_back.values().any(|o| *o == output)
    }

    /// Whether a graph input is a state.
    pub(crate) fn is_input(&self, name: &str) -> bool {
        self.inputs.contains(name)
    }
}

/// Where a neuron's state is among the inputs and outputs of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub input: usize,
    pub output: usize,
}

/// Takes a state into the neuron and gives its initial value, absent when it is zero.
pub(crate) fn absorb<'m, T: Copy + PartialEq + Default>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    slot: Slot,
    features: &[usize],
    read: impl Fn(&mut Importer<'m>, &'m str, &[usize]) -> Result<Param<T>, Refusal>,
) -> Result<Option<Param<T>>, Refusal> {
    let name = call.required(slot.input)?;
    let output = call.output(slot.output);
    im.define(output, Value::StateOut);
    let fed_back = im.states.is_input(name);
    if fed_back {
        check_pair(im, name, output)?;
    } else if !im.is_constant(name) {
        return Err(refuse_with(
            Code::StateNotPaired,
            format!("the state '{name}' comes from another node, as in a network unrolled over time"),
            "export one time step with its states as inputs and outputs, or the sequence form (Seq)",
        ));
    } else if !im.steps.sequence && im.steps.declared != Some(1) {
        let found = format!("the state '{name}' is a constant: every step starts anew and the state is lost");
        let remedy = "export with the state as an input and an output (init_hidden=False in snnTorch), or \
                      give --steps 1 if one step is meant";
        return Err(refuse_with(Code::StateNotPaired, found, remedy));
    }
    // A state input without a stored default starts at zero.
    if !im.is_constant(name) {
        return Ok(None);
    }
    let initial = read(im, name, features)?;
    Ok((initial.uniform() != Some(T::default())).then_some(initial))
}

fn check_pair(im: &Importer<'_>, name: &str, output: Option<&str>) -> Result<(), Refusal> {
    if im.readers(name).len() != 1 {
        let message = format!("the state input '{name}' is read by more than one node");
        return Err(refuse_with(Code::StateNotPaired, message, "give each neuron its own state input"));
    }
    match (im.states.pairs.get(name), output) {
        (Some(paired), Some(given)) if paired == given => Ok(()),
        (Some(paired), given) => {
            let given = given.unwrap_or("nothing");
            let message =
                format!("snnc.states pairs '{name}' with '{paired}', the neuron gives out '{given}'");
            Err(refuse_with(Code::StateNotPaired, message, "correct snnc.states"))
        }
        (None, Some(given)) if im.is_result(given) => Ok(()),
        (None, _) => {
            let message = format!("the state input '{name}' has no state output that a next step could take");
            Err(refuse_with(Code::StateNotPaired, message, REMEDY))
        }
    }
}

/// A state that the form of the node has and its neuron does not use.
pub(crate) fn pass<'m>(im: &mut Importer<'m>, call: &Call<'m>, slot: Slot) -> Result<(), Refusal> {
    let name = call.required(slot.input)?;
    im.define(call.output(slot.output), Value::StateOut);
    if im.states.is_input(name) || im.is_constant(name) {
        Ok(())
    } else {
        Err(refuse(Code::StateNotPaired, format!("the unused state '{name}' comes from another node")))
    }
}
