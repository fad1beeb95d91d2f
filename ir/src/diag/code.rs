//! The one table of diagnostic codes.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run goes on.
    Warning,
    /// The run fails.
    Error,
}

macro_rules! codes {
    ($($variant:ident $severity:ident $text:literal $title:literal;)*) => {
        /// A stable diagnostic code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as printed, e.g. `E0101`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it means, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

// Ranges: 00 files, 01 ONNX, 02 neurons and time, 03 the IR, 04 quantisation, 05 the chip, 06 the
// search, 07 samples, activity, verification and given mappings, 08 reduction.
codes! {
    FileUnreadable Error "E0001" "a file cannot be read";
    EmptyFile Error "E0002" "the file is empty";
    NotOnnx Error "E0003" "the file is not an ONNX model";
    TruncatedFile Error "E0004" "the file ends too early";
    ExternalData Error "E0005" "external data is missing or outside the model's folder";
    BudgetExceeded Error "E0006" "the model needs more nodes or bytes than allowed";
    FileUnwritable Error "E0007" "a file cannot be written";
    UnknownCode Error "E0008" "there is no such diagnostic code";
    UnsupportedOperator Error "E0101" "an operator is not supported";
    UnsupportedAttribute Error "E0102" "an operator is used in a form that is not supported";
    BadGraph Error "E0103" "the ONNX graph is malformed";
    BadShape Error "E0104" "a shape cannot be used";
    NotConstant Error "E0105" "a value must be a constant and is not";
    UnsupportedType Error "E0106" "a tensor type is not supported";
    UnknownNeuron Error "E0201" "the name of an ai.snnc operator is not legal";
    NeuronMismatch Error "E0202" "an ai.snnc operator's attributes disagree with its name";
    NoSpikingNeuron Error "E0203" "the network has no spiking neuron";
    StateNotPaired Error "E0204" "a neuron's state input and output are not paired";
    MissingSteps Error "E0205" "the number of steps is not known";
    LoopTooFast Error "E0206" "a loop has fewer delay steps than populations";
    UnrecognisedNeuron Error "E0207" "a neuron is written in a form that is not known";
    HiddenState Error "E0208" "a neuron's state is hidden in the file";
    UnlikeSteps Error "E0209" "the steps of an unrolled network are not alike";
    OutputLeftOut Warning "W0210" "an output of the file is no output of the network";
    BadText Error "E0301" "the .snn text cannot be read";
    Unverified Error "E0302" "the network breaks a rule of the IR";
    NotQuantisable Error "E0401" "a layer has no exact integer form on the target";
    AllWeightsZero Error "E0402" "all weights of a layer quantise to zero";
    LossyQuantisation Warning "W0403" "weights were rounded to the target's width";
    UnsupportedLayer Error "E0501" "the target cannot run a layer";
    LayerTooLarge Error "E0502" "no tile of a layer fits a core";
    ChipFull Error "E0503" "the network needs more cores than there are";
    DelayTooLong Error "E0504" "a delay is longer than the chip can hold";
    TargetNotReady Error "E0505" "the target cannot compile yet";
    BadChipFile Error "E0506" "the chip file cannot be read";
    UnsourcedObjective Error "E0601" "the objective needs constants that are not known";
    NoActivity Warning "W0602" "no activity was given; bounds run from silent to all-firing";
    BadSample Error "E0701" "the sample input does not fit the network";
    BadActivity Error "E0702" "an activity rate is not usable";
    BadEvents Error "E0703" "an event list does not fit the network";
    BadEncoding Error "E0704" "samples do not fit the encoding";
    EventsLeftOut Warning "W0705" "events of the sample input were left out";
    BadProfile Error "E0710" "an activity profile does not fit the network";
    OtherProfile Warning "W0711" "the activity profile was measured on another network";
    OtherSteps Warning "W0712" "the samples have another number of steps than the model";
    BadMapping Error "E0720" "the manifest does not map its network";
    PhaseDiffers Error "E0721" "a phase changed what the network computes";
    MappedDiffers Error "E0722" "the mapped network differs from the unmapped one";
    NotReached Warning "W0723" "verification did not reach a layer";
    BadMappingFile Error "E0730" "a mapping file cannot be read";
    MappingLayer Error "E0731" "a mapping names a layer that cannot be mapped";
    MappingParts Error "E0732" "the parts of a layer do not cover it exactly once";
    MappingTile Error "E0733" "a layer cannot be cut or stored in the way that a mapping says";
    MappingMemory Error "E0734" "a part of a mapping does not fit a core";
    MappingCores Error "E0735" "a mapping uses cores that there are not";
    MappingShare Error "E0736" "parts of a mapping cannot share a core";
    PinsTooTight Error "E0737" "with what a mapping pins the other layers find no place";
    OtherBundle Error "E0738" "the earlier bundle is not one of this target";
    NothingKept Warning "W0739" "nothing of the earlier mapping could be kept";
    NoSuchLayer Error "E0740" "a mapping has no such layer, or several";
    BadManifest Error "E0741" "a manifest cannot be read";
    UnlikeMapping Warning "W0742" "the mapping to compare with has little to do with this one";
    PropertyNotFound Error "E0801" "the model does not fail as it is to be reduced for";
    NotReducible Error "E0802" "the model cannot be reduced";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|c| c.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_ordered_and_say_their_severity() {
        let texts: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        let numbers: Vec<&str> = texts.iter().map(|t| &t[1..]).collect();
        assert!(numbers.windows(2).all(|p| p[0] < p[1]), "{numbers:?}");
        for code in Code::ALL {
            let letter = if code.severity() == Severity::Error { "E" } else { "W" };
            assert!(code.as_str().starts_with(letter));
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
