//! What is mapped, and to what.

use snnc_ir::diag::Diagnostic;
use snnc_machine::activity::Profile;
use snnc_machine::chip::names;
use snnc_machine::network::Network;
use snnc_machine::target::Target;
use snnc_place::mesh::Mesh;

use super::Options;
use super::mapping::Pins;
use crate::profile::ActivityProfile;

/// What is mapped, and to what.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    /// The target within what is pinned.
    pub(super) target: &'a dyn Target,
    /// The target itself.
    pub(super) chip_target: &'a dyn Target,
    /// What the user's mapping pins.
    pub(super) pins: &'a Pins,
    pub(super) network: &'a Network,
    pub(super) profile: &'a Profile,
    /// What the profile is the mean of, when it was measured.
    pub(super) recorded: Option<&'a ActivityProfile>,
    pub(super) options: &'a Options,
}

impl Job<'_> {
    pub(super) fn count(&self, name: &str) -> Result<u64, Vec<Diagnostic>> {
        self.target.chip().count(name).map_err(|d| vec![d])
    }

    pub(super) fn mesh(&self) -> Result<Mesh, Vec<Diagnostic>> {
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        Ok(Mesh {
            width: small(self.count(names::MESH_WIDTH)?),
            height: small(self.count(names::MESH_HEIGHT)?),
            cores_per_router: small(self.count(names::CORES_PER_ROUTER)?),
            cores_per_chip: small(self.count(names::CORES_PER_CHIP)?),
        })
    }

    /// Cores that the mapping may use.
    pub(super) fn cores(&self) -> Result<u64, Vec<Diagnostic>> {
        let all = self.cores_of_chips()?;
        Ok(self.options.max_cores.map_or(all, |max| max.min(all)))
    }

    /// Cores of all chips, those that may not be used included.
    pub(super) fn cores_of_chips(&self) -> Result<u64, Vec<Diagnostic>> {
        Ok(self.count(names::CORES_PER_CHIP)?.saturating_mul(u64::from(self.options.chips)))
    }
}
