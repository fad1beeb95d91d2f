//! Kernels compiled for the processor that runs them.

/// Runs `kernel` compiled for 256-bit vectors where the processor has them. It must be inlined, with all that
/// it calls. Results do not depend on it: nothing is reassociated, and no product and sum are fused.
#[inline(always)]
pub(super) fn widest<R>(kernel: impl FnOnce() -> R) -> R {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
        return fearless_simd::Simd::vectorize(avx2, kernel);
    }
    kernel()
}
