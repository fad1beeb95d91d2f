//! Limits that a tile does not know alone, such as output axons, one for each core that reads.
//!
//! When a pick breaks one, the layer at fault loses its choices with too few cores and the search runs
//! again. Each round takes choices away, so it ends.

use snnc_eqsat::extract::{Candidate, Limits, Objective, Pick, search};
use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_machine::target::{Part, Refusal};

use super::map::Job;

/// Finds a pick: the search, with what improves it.
type Find<'f> = dyn Fn(&[Vec<Candidate>]) -> Result<Pick, u64> + 'f;

impl Job<'_> {
    /// A pick that the target accepts as a whole. `fronts` loses the choices that had to be left out; the
    /// optimum stays that of all of them.
    ///
    /// # Errors
    /// When the cores do not suffice, or no pick that was tried is accepted.
    pub(super) fn settle(
        &self,
        layers: &[usize],
        fronts: &mut Vec<Vec<Candidate>>,
        limits: Limits,
        find: &Find<'_>,
    ) -> Result<Pick, Vec<Diagnostic>> {
        let mut pick =
            find(fronts).map_err(|need| vec![self.chip_full(need, limits.cores, layers, fronts)])?;
        let optimum = pick.optimum;
        let all = fronts.clone();
        let (layer, refusal) = loop {
            let Err((k, refusal)) = self.accepted(layers, fronts, &pick) else {
                return Ok(Pick { optimum, ..pick });
            };
            let cores = fronts[k][pick.chosen[k]].cores;
            let scaled = u128::from(cores) * u128::from(refusal.found) / u128::from(refusal.limit.max(1));
            let least = u64::try_from(scaled).unwrap_or(u64::MAX).max(cores + 1);
            fronts[k].retain(|c| c.cores >= least);
            if fronts[k].is_empty() {
                break (k, refusal);
            }
            match find(fronts) {
                Ok(next) => pick = next,
                Err(_) => break (k, refusal),
            }
        };
        // With the fewest cores each layer reaches the fewest.
        fronts.clone_from(&all);
        if let Ok(pick) = search(fronts, Objective::Cores, limits)
            && self.accepted(layers, fronts, &pick).is_ok()
        {
            return Ok(Pick { optimum, ..pick });
        }
        Err(vec![self.reaches_too_far(layers[layer], refusal)])
    }

    /// Whether the target accepts a pick; else the front at fault.
    fn accepted(
        &self,
        layers: &[usize],
        fronts: &[Vec<Candidate>],
        pick: &Pick,
    ) -> Result<(), (usize, Refusal)> {
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (k, (layer, chosen)) in layers.iter().zip(&pick.chosen).enumerate() {
            let choice = fronts[k][*chosen].choice;
            let own = self.target.loads(self.network, *layer, choice, self.profile).map_err(|r| (k, r))?;
            parts.extend(own.into_iter().map(|part| (*layer, part)));
        }
        self.target.assign(self.network, &mut parts).map_err(|(at, refusal)| {
            let layer = parts.get(at).map(|(layer, _)| *layer);
            (layers.iter().position(|l| Some(*l) == layer).unwrap_or(0), refusal)
        })
    }

    fn reaches_too_far(&self, layer: usize, refusal: Refusal) -> Diagnostic {
        let layer = &self.network.layers[layer];
        Diagnostic::new(
            Code::LayerTooLarge,
            format!("layer '{}' reaches more cores than its own cores have axons for", layer.name),
        )
        .at(Location::node(&layer.name).with_line(layer.line()))
        .label(format!("{} neurons", layer.shape.len()))
        .rule(refusal.rule, refusal.limit, refusal.found)
        .remedy("allow more cores with --chips or --max-cores, or make the layers that read it smaller")
    }
}
