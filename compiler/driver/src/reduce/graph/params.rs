//! The parameters of a layer of neurons, to change.

use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Current, Emission, Model, Neuron, Reset};

/// A change of one parameter.
pub(super) type With<'f, S> = &'f mut dyn FnMut(&mut Param<S>);

/// Changes every parameter of a neuron.
pub(super) fn each(neuron: &mut Neuron, real: With<'_, f32>, integer: With<'_, i32>) {
    match neuron {
        Neuron::Real(spec) => of_model(&mut spec.model, real),
        Neuron::Integer(spec, _) => of_model(&mut spec.model, integer),
    }
}

fn of_model<S>(model: &mut Model<S>, with: With<'_, S>) {
    match model {
        Model::Spiking(m) => {
            let mut optional =
                [&mut m.decay, &mut m.gain, &mut m.bias, &mut m.rest, &mut m.v_min, &mut m.initial];
            optional.iter_mut().filter_map(|p| p.as_mut()).for_each(&mut *with);
            with(&mut m.threshold);
            if let Some(Current { decay, initial, .. }) = &mut m.current {
                with(decay);
                initial.iter_mut().for_each(&mut *with);
            }
            if let Reset::Value(_, value) = &mut m.reset {
                with(value);
            }
            match &mut m.emission {
                Emission::Scaled(value) | Emission::Count { max: Some(value) } => with(value),
                Emission::Binary | Emission::Count { max: None } => {}
            }
        }
        Model::SigmaDelta(m) => {
            with(&mut m.threshold);
            m.bias.iter_mut().for_each(with);
        }
        Model::Delta(m) => with(&mut m.threshold),
        Model::Integrator(m) => {
            let mut optional = [&mut m.decay, &mut m.gain, &mut m.rest, &mut m.initial];
            optional.iter_mut().filter_map(|p| p.as_mut()).for_each(with);
        }
        Model::Activation(_) => {}
    }
}

/// How many values all parameters have together.
pub(super) fn count(neuron: &Neuron) -> usize {
    match neuron {
        Neuron::Real(spec) => spec.model.params().iter().map(|(_, p)| p.values().len()).sum(),
        Neuron::Integer(spec, _) => spec.model.params().iter().map(|(_, p)| p.values().len()).sum(),
    }
}

/// How many values are not 1.
pub(super) fn unlike(neuron: &Neuron) -> usize {
    match neuron {
        Neuron::Real(spec) => {
            let params = spec.model.params();
            params.iter().flat_map(|(_, p)| p.values()).filter(|v| **v != 1.0).count()
        }
        Neuron::Integer(spec, _) => {
            let params = spec.model.params();
            params.iter().flat_map(|(_, p)| p.values()).filter(|v| **v != 1).count()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use snnc_ir::neuron::{Compare, DecayOrder, Integrator, SigmaDelta, Spec, Spiking, Timing};

    /// As many parameters are changed as the IR lists.
    #[test]
    fn no_parameter_is_left_out() {
        let p = || Some(Param::Scalar(2.0f32));
        let full = Spiking {
            decay: p(),
            gain: p(),
            bias: p(),
            rest: p(),
            v_min: p(),
            initial: p(),
            current: Some(Current {
                decay: Param::Scalar(2.0),
                order: DecayOrder::BeforeInput,
                gain: None,
                initial: p(),
            }),
            reset: Reset::Value(Timing::Same, Param::Scalar(2.0)),
            emission: Emission::Count { max: p() },
            ..Spiking::new(Param::Scalar(2.0), None)
        };
        let sigma = SigmaDelta {
            activation: snnc_ir::neuron::Rectifier::Relu,
            threshold: Param::Scalar(2.0),
            compare: Compare::Greater,
            bias: p(),
            unit: None,
        };
        let integrator = Integrator { decay: p(), gain: p(), rest: p(), initial: p() };
        for model in [Model::Spiking(full), Model::SigmaDelta(sigma), Model::Integrator(integrator)] {
            let mut neuron = Neuron::Real(Spec { model, start: 0 });
            let mut seen = 0;
            each(
                &mut neuron,
                &mut |p| {
                    seen += 1;
                    *p = Param::Scalar(1.0);
                },
                &mut |_| {},
            );
            assert_eq!(seen, count(&neuron));
            assert_eq!(unlike(&neuron), 0);
        }
    }
}
