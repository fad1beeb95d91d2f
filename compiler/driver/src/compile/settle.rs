//! Limits that a tile does not know alone, such as output axons, one for each core that reads.
//!
//! When a pick breaks one, the layer at fault loses its choices with too few cores and the search runs
//! again. Each round takes choices away, so it ends.

use snnc_eqsat::extract::{Extraction, Found, Front, Limits, Objective};
use snnc_eqsat::space::Space;
use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_machine::target::{Part, Refusal};

use super::job::Job;

/// Finds a mapping: the search, with what improves it.
type Find<'f> = dyn Fn(&[Front]) -> Result<Found, u64> + 'f;

impl Job<'_> {
    /// A mapping that the target accepts as a whole, and the least time of all before choices had to be left out.
    ///
    /// # Errors
    /// When the cores do not suffice, or no mapping that was tried is accepted.
    pub(super) fn settle(
        &self,
        space: &Space,
        fronts: &mut Vec<Front>,
        find: &Find<'_>,
        limits: Limits,
    ) -> Result<(Found, u64), Vec<Diagnostic>> {
        let mut found = find(fronts).map_err(|need| vec![self.chip_full(need, limits.cores, fronts)])?;
        let optimum = found.pick.optimum;
        let all = fronts.clone();
        let (layer, refusal) = loop {
            let Err((k, refusal)) = self.accepted(space, fronts, &found) else { return Ok((found, optimum)) };
            let cores = fronts[k].candidates[found.pick.chosen[k]].cores;
            let scaled = u128::from(cores) * u128::from(refusal.found) / u128::from(refusal.limit.max(1));
            let least = u64::try_from(scaled).unwrap_or(u64::MAX).max(cores + 1);
            fronts[k].candidates.retain(|c| c.cores >= least);
            fronts[k].whole = None;
            if fronts[k].candidates.is_empty() {
                break (k, refusal);
            }
            match find(fronts) {
                Ok(next) => found = next,
                Err(_) => break (k, refusal),
            }
        };
        // With the fewest cores each layer reaches the fewest.
        fronts.clone_from(&all);
        if let Ok(ranking) = self.ranking()
            && let Ok(found) = Extraction::find(fronts, Objective::Cores, limits, ranking, None)
            && self.accepted(space, fronts, &found).is_ok()
        {
            return Ok((found, optimum));
        }
        Err(vec![self.reaches_too_far(fronts[layer].layer, refusal)])
    }

    /// Whether the target accepts a mapping; else the front at fault.
    fn accepted(&self, space: &Space, fronts: &[Front], found: &Found) -> Result<(), (usize, Refusal)> {
        let mut forms = vec![0; self.network.layers.len()];
        let chosen = || fronts.iter().zip(&found.pick.chosen).map(|(f, k)| (f, f.candidates[*k]));
        chosen().for_each(|(front, c)| forms[front.layer] = c.form);
        let other;
        let network = if forms.iter().all(|f| *f == 0) {
            self.network
        } else {
            other = space.network_of(&forms);
            &other
        };
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (k, (front, candidate)) in chosen().enumerate() {
            let own = self.target.loads(network, front.layer, candidate.choice, self.profile);
            parts.extend(own.map_err(|r| (k, r))?.into_iter().map(|part| (front.layer, part)));
        }
        self.target.assign(network, &mut parts).map_err(|(at, refusal)| {
            let layer = parts.get(at).map(|(layer, _)| *layer);
            (fronts.iter().position(|f| Some(f.layer) == layer).unwrap_or(0), refusal)
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
