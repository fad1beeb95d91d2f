//! The page of every diagnostic, from `docs/errors`.

use snnc_ir::diag::Code;

macro_rules! pages {
    ($($code:ident $text:literal)*) => {
        /// The page of a code.
        pub(super) fn page(code: Code) -> &'static str {
            match code {
                $(Code::$code => include_str!(concat!("../../../../docs/errors/", $text, ".md")),)*
            }
        }
    };
}

pages! {
    FileUnreadable "E0001"
    EmptyFile "E0002"
    NotOnnx "E0003"
    TruncatedFile "E0004"
    ExternalData "E0005"
    BudgetExceeded "E0006"
    FileUnwritable "E0007"
    UnknownCode "E0008"
    UnsupportedOperator "E0101"
    UnsupportedAttribute "E0102"
    BadGraph "E0103"
    BadShape "E0104"
    NotConstant "E0105"
    UnsupportedType "E0106"
    UnknownNeuron "E0201"
    NeuronMismatch "E0202"
    NoSpikingNeuron "E0203"
    StateNotPaired "E0204"
    MissingSteps "E0205"
    LoopTooFast "E0206"
    UnrecognisedNeuron "E0207"
    HiddenState "E0208"
    UnlikeSteps "E0209"
    OutputLeftOut "W0210"
    BadText "E0301"
    Unverified "E0302"
    NotQuantisable "E0401"
    AllWeightsZero "E0402"
    LossyQuantisation "W0403"
    UnsupportedLayer "E0501"
    LayerTooLarge "E0502"
    ChipFull "E0503"
    DelayTooLong "E0504"
    TargetNotReady "E0505"
    BadChipFile "E0506"
    UnsourcedObjective "E0601"
    NoActivity "W0602"
    BadSample "E0701"
    BadActivity "E0702"
    BadEvents "E0703"
    BadEncoding "E0704"
    EventsLeftOut "W0705"
    BadProfile "E0710"
    OtherProfile "W0711"
    OtherSteps "W0712"
    BadMapping "E0720"
    PhaseDiffers "E0721"
    MappedDiffers "E0722"
    NotReached "W0723"
    BadMappingFile "E0730"
    MappingLayer "E0731"
    MappingParts "E0732"
    MappingTile "E0733"
    MappingMemory "E0734"
    MappingCores "E0735"
    MappingShare "E0736"
    PinsTooTight "E0737"
    OtherBundle "E0738"
    NothingKept "W0739"
    NoSuchLayer "E0740"
    BadManifest "E0741"
    UnlikeMapping "W0742"
    PropertyNotFound "E0801"
    NotReducible "E0802"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_the_page_of_its_code() {
        for code in Code::ALL {
            let first = page(*code).lines().next().unwrap_or_default();
            assert!(first.starts_with(&format!("# {code}")), "docs/errors/{code}.md starts with '{first}'");
        }
    }
}
